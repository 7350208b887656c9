#include <stdexcept>

#include <catch2/catch.hpp>

#include <escrow/context.hpp>

#include "client-sdk/src/participant/router.hpp"

namespace escrow {
namespace {

using participant::Router;

HttpRequest::Fields call_headers(const std::string& operation) {
  return {{"Escrow-Gid", "g"}, {"Escrow-Branch", "b"}, {"Escrow-Operation", operation}, {"Escrow-Phase", "forward"}};
}

HttpRequest request(const std::string& method, const std::string& target, HttpRequest::Fields headers = {}, std::string body = {}) {
  auto parsed = HttpRequest::parse(method, target, std::move(headers), std::move(body));
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

struct Fixture {
  std::vector<std::string> lines;
  Router router{[this](const std::string& line) { lines.push_back(line); }};
};

}  // namespace

TEST_CASE("a call reaches the handler of its operation with its payload and its context", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_operation("/stock", Operation::try_, [](const Branch& branch, const std::string& payload) {
    CHECK(Context::current()->gid() == branch.gid());
    return Outcome::succeeded("\"tried " + payload + "\"");
  });
  fixture.router.add_operation("/stock", Operation::cancel, [](const Branch&, const std::string&) { return Outcome::succeeded("2"); });
  const auto routed = fixture.router.route(request("POST", "/stock", call_headers("try"), "7"));
  CHECK(routed.answer.status == 200);
  CHECK(routed.answer.body == "\"tried 7\"");
  REQUIRE(routed.branch.has_value());
  CHECK(routed.branch->operation() == Operation::try_);
  CHECK(fixture.router.route(request("POST", "/stock", call_headers("cancel"))).answer.body == "2");
  CHECK(Context::current() == nullptr);
}

TEST_CASE("an operation that the path does not serve, and a call without headers, are 400 and not a refusal", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_operation("/stock", Operation::action, [](const Branch&, const std::string&) { return Outcome::succeeded(); });
  CHECK(fixture.router.route(request("POST", "/stock", call_headers("compensate"))).answer.status == 400);
  CHECK(fixture.router.route(request("POST", "/stock")).answer.status == 400);
}

TEST_CASE("an exception in a handler is 503 and logged, never a refusal", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_operation("/a", Operation::action,
                               [](const Branch&, const std::string&) -> Outcome { throw std::runtime_error("boom"); });
  fixture.router.add_operation("/b", Operation::action, [](const Branch&, const std::string&) -> Outcome { throw 7; });
  fixture.router.add_plain("GET", "/c", [](const HttpRequest&) -> HttpAnswer { throw std::runtime_error("secret"); });
  CHECK(fixture.router.route(request("POST", "/a", call_headers("action"))).answer.status == 503);
  CHECK(fixture.router.route(request("POST", "/b", call_headers("action"))).answer.status == 503);
  const auto plain = fixture.router.route(request("GET", "/c")).answer;
  CHECK(plain.status == 500);
  CHECK(plain.body.find("secret") == std::string::npos);
  CHECK(fixture.lines.size() == 3);
}

TEST_CASE("one path may serve calls and a plain method", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_operation("/orders", Operation::action, [](const Branch&, const std::string&) { return Outcome::succeeded("1"); });
  fixture.router.add_plain("POST", "/orders", [](const HttpRequest&) { return json_answer(201, "2"); });
  CHECK(fixture.router.route(request("POST", "/orders", call_headers("action"))).answer.body == "1");
  CHECK(fixture.router.route(request("POST", "/orders")).answer.body == "2");
}

TEST_CASE("places in a path are matched segment by segment", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_plain("GET", "/orders/{id}/lines/{line}", [](const HttpRequest& asked) {
    return json_answer(200, asked.parameter("id") + "|" + asked.parameter("line") + "|" + asked.query("q").value_or("none"));
  });
  CHECK(fixture.router.route(request("GET", "/orders/a%2Fb/lines/3?x=1&q=a%20b")).answer.body == "a/b|3|a b");
  CHECK(fixture.router.route(request("GET", "/orders/1/lines/3")).answer.body == "1|3|none");
  CHECK(fixture.router.route(request("GET", "/orders/1/lines")).answer.status == 404);
  CHECK(fixture.router.route(request("GET", "/orders/1/lines/3/")).answer.status == 404);
}

TEST_CASE("an unknown path is 404, a wrong method 405 with what is allowed", "[sdk][router]") {
  Fixture fixture;
  fixture.router.add_plain("GET", "/x", [](const HttpRequest&) { return json_answer(200, "1"); });
  fixture.router.add_plain("POST", "/x", [](const HttpRequest&) { return json_answer(200, "1"); });
  CHECK(fixture.router.route(request("GET", "/")).answer.status == 404);
  const auto routed = fixture.router.route(request("DELETE", "/x"));
  CHECK(routed.answer.status == 405);
  CHECK(routed.allow == "GET, POST");
}

TEST_CASE("targets that are no paths are refused", "[sdk][router]") {
  for (const char* target : {"", "x", "http://a/b", "*", "/%", "/%4", "/%zz", "/a?b=%"}) {
    CAPTURE(target);
    CHECK_FALSE(HttpRequest::parse("GET", target, {}, {}).has_value());
  }
}

}  // namespace escrow
