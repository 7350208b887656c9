#include <catch2/catch.hpp>

#include <string>

#include "coordinator/server/console.hpp"

/// How browsers are given the console, whichever of the two was built in: the console, or the page that says how to get it.
namespace escrow::server {
namespace {

transport::Request request(std::initializer_list<std::pair<const char*, const char*>> headers) {
  transport::Request out;
  out.method = "GET";
  for (const auto& [name, value] : headers) out.headers.add(name, value);
  return out;
}

std::string header(const transport::Response& response, std::string_view name) {
  return std::string(response.headers.find(name).value_or("(none)"));
}

const ConsoleAsset page{"index.html", "text/html; charset=utf-8", "\"1234\"", "<!doctype html>", "packed"};
const ConsoleAsset script{"index-1a2b.js", "text/javascript; charset=utf-8", "\"5678\"", "go()", "packed"};

}  // namespace

TEST_CASE("a page of the console is built in, with its tag", "[server][console]") {
  const ConsoleAsset* index = find_console_asset("index.html");
  REQUIRE(index != nullptr);
  CHECK(index->bytes.starts_with("<!doctype html>"));
  CHECK(find_console_asset("../index.html") == nullptr);
  CHECK(find_console_asset("") == nullptr);
  for (const ConsoleAsset& asset : console_assets()) {
    INFO(asset.name);
    CHECK(asset.etag.size() == 34);
    CHECK(asset.gzip.size() < asset.bytes.size());
    CHECK(asset.name.find('/') == std::string_view::npos);
  }
}

TEST_CASE("browsers get the page at the root and others get text", "[server][console]") {
  CHECK(wants_page(request({{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}})));
  CHECK(wants_page(request({{"Accept", "application/json, TEXT/HTML ;q=0.5"}})));
  CHECK_FALSE(wants_page(request({{"Accept", "*/*"}})));
  CHECK_FALSE(wants_page(request({{"Accept", "text/html;q=0"}})));
  CHECK_FALSE(wants_page(request({{"Accept", "text/html; q=0.00"}})));
  CHECK_FALSE(wants_page(request({})));
}

TEST_CASE("the console goes out compressed to whoever can read that", "[server][console]") {
  const auto packed = console_response(script, request({{"Accept-Encoding", "gzip, deflate, br"}}));
  CHECK(packed.whole_body() == "packed");
  CHECK(header(packed, "Content-Encoding") == "gzip");
  const auto plain = console_response(script, request({{"Accept-Encoding", "gzip;q=0, br"}}));
  CHECK(plain.whole_body() == "go()");
  CHECK(header(plain, "Content-Encoding") == "(none)");
  CHECK(console_response(script, request({})).whole_body() == "go()");
  CHECK(header(plain, "Vary") == "Accept-Encoding");
}

TEST_CASE("the page is asked for again and its files never change", "[server][console]") {
  CHECK(header(console_response(page, request({})), "Cache-Control") == "no-cache");
  CHECK(header(console_response(page, request({})), "Vary") == "Accept, Accept-Encoding");
  CHECK(header(console_response(script, request({})), "Cache-Control") == "public, max-age=31536000, immutable");
  for (const char* known : {"\"1234\"", "W/\"1234\"", "\"0\", \"1234\"", "*"}) {
    INFO(known);
    const auto response = console_response(page, request({{"If-None-Match", known}}));
    CHECK(response.status == 304);
    CHECK(response.body.empty());
    CHECK(header(response, "ETag") == "\"1234\"");
  }
  CHECK(console_response(page, request({{"If-None-Match", "\"5678\""}})).status == 200);
}

TEST_CASE("no script but ours runs in the console and nobody frames it", "[server][console]") {
  for (const ConsoleAsset& asset : {page, script}) {
    const auto response = console_response(asset, request({}));
    const std::string policy = header(response, "Content-Security-Policy");
    CHECK(policy.find("script-src 'self';") != std::string::npos);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(header(response, "X-Frame-Options") == "DENY");
    CHECK(header(response, "X-Content-Type-Options") == "nosniff");
  }
}

}  // namespace escrow::server
