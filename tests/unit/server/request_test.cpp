#include "coordinator/server/origin_guard.hpp"
#include "coordinator/server/query.hpp"
#include "coordinator/server/request_bodies.hpp"
#include "coordinator/server/router.hpp"
#include "coordinator/server/trace_context.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace escrow;
using namespace escrow::server;

namespace {

/// Where the faults of a problem are, `?name` for parameters; `malformed` for text that is no JSON.
std::vector<std::string> places(const Problem& problem) {
  const auto document = nlohmann::json::parse(problem.to_response().body);
  if (document.at("code") == "malformed_json") return {"malformed"};
  REQUIRE(document.at("code") == "invalid");
  std::vector<std::string> out;
  for (const auto& fault : document.at("errors")) {
    out.push_back(fault.contains("parameter") ? "?" + fault.at("parameter").get<std::string>() : fault.at("pointer").get<std::string>());
  }
  return out;
}
template <class Body>
std::vector<std::string> places(const Parsed<Body>& parsed) {
  return parsed ? std::vector<std::string>() : places(parsed.error());
}

using Places = std::vector<std::string>;

Places decision(std::string_view body, std::string_view query = "") {
  std::int64_t wait_ms = 0;
  return places(parse_decision(body, QueryReader(query), wait_ms));
}

transport::Request request(std::string method, std::string host, std::vector<std::pair<std::string, std::string>> headers = {}) {
  transport::Request out;
  out.method = std::move(method);
  out.host = std::move(host);
  for (const auto& [name, value] : headers) out.headers.add(name, value);
  return out;
}

constexpr const char* traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("each path leads to its resource", "[server][router]") {
  CHECK(match_path("/")->route == Route::index);
  CHECK(match_path("/v1/transactions")->route == Route::transactions);
  const auto resolve = match_path("/v1/transactions/a:b/branches/c/resolve");
  REQUIRE(resolve);
  CHECK(resolve->route == Route::resolve_branch);
  CHECK(resolve->gid == "a:b");
  CHECK(resolve->branch == "c");
  CHECK(match_path("/v1/transactions/a%3Ab")->gid == "a:b");
  CHECK(match_path("/v1/transactions/a%2Fb")->gid == "a/b");
}

TEST_CASE("other paths lead nowhere", "[server][router]") {
  for (const char* path : {"", "*", "v1/info", "//", "/v1", "/v1/", "/v1/transactions/", "/v1/transactions//events", "/v1/transactions/g/",
                           "/v1/transactions/g/eventss", "/v1/event", "/V1/info", "/v1/transactions/%zz", "/v1/transactions/g/branches/",
                           "/metrics/", "/healthz", "/v1/transactions/g/branches/b"}) {
    INFO(path);
    CHECK_FALSE(match_path(path));
  }
}

TEST_CASE("resources have their methods", "[server][router]") {
  CHECK(allows(Route::transactions, "GET"));
  CHECK(allows(Route::transactions, "POST"));
  CHECK(allows(Route::transaction, "HEAD"));
  CHECK(allows(Route::commit, "OPTIONS"));
  CHECK_FALSE(allows(Route::commit, "GET"));
  CHECK_FALSE(allows(Route::info, "POST"));
  CHECK_FALSE(allows(Route::transaction, "DELETE"));
  CHECK_FALSE(allows(Route::transaction, "get"));
}

TEST_CASE("queries are decoded and what is unknown is refused", "[server][query]") {
  QueryReader query("name=a%20b+c&status=active&status=aborting&attribute.k=v&limit=7&&empty");
  CHECK(query.read("name") == "a b c");
  CHECK(query.read_all("status") == std::vector<std::string>{"active", "aborting"});
  CHECK(query.read_prefixed("attribute.") == std::vector<std::pair<std::string, std::string>>{{"k", "v"}});
  CHECK(query.read_integer("limit", {1, 500}) == 7);
  query.refuse_rest();
  const auto faults = std::move(query).take_faults();
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].parameter == "empty");
}

TEST_CASE("each fault of the list query is named", "[server][query]") {
  const auto faults = [](std::string_view query) { return places(parse_list(QueryReader(query))); };
  CHECK(faults("").empty());
  CHECK(faults("status=active&status=committed&mode=tcc&name=x&attention=true&attribute.a=1&attribute.b=2&limit=500&cursor=c").empty());
  CHECK(faults("started_after=2026-01-05T10:00:00.000Z&started_before=2026-01-05T10:00:00%2B01:00").empty());
  CHECK(faults("status=done") == Places{"?status"});
  CHECK(faults("status=") == Places{"?status"});
  CHECK(faults("mode=xa") == Places{"?mode"});
  CHECK(faults("attention=yes") == Places{"?attention"});
  CHECK(faults("limit=0") == Places{"?limit"});
  CHECK(faults("limit=501") == Places{"?limit"});
  CHECK(faults("limit=1&limit=2") == Places{"?limit"});
  CHECK(faults("limit=1.5") == Places{"?limit"});
  CHECK(faults("started_after=yesterday") == Places{"?started_after"});
  CHECK(faults("attribute.=x") == Places{"?attribute."});
  CHECK(faults("attribute.a=1&attribute.a=2") == Places{"?attribute.a"});
  CHECK(faults("Status=active") == Places{"?Status"});
  CHECK(faults("name=%zz") == Places{"?name"});
  CHECK(faults("name=%ff") == Places{"?name"});
  CHECK(faults("=x") == Places{"?=x"});
  CHECK(faults("limit=0&mode=x&typo=1") == Places{"?mode", "?limit", "?typo"});
}

TEST_CASE("each fault of a decision is named", "[server][bodies]") {
  CHECK(decision("").empty());
  CHECK(decision("{}").empty());
  CHECK(decision(R"({"reason":"x"})", "wait_ms=60000").empty());
  CHECK(decision(R"({"reason":null})").empty());
  CHECK(decision(R"({"reason":1})") == Places{"/reason"});
  CHECK(decision(R"({"why":"x"})") == Places{"/why"});
  CHECK(decision("[]") == Places{""});
  CHECK(decision("{") == Places{"malformed"});
  CHECK(decision(R"({"why":1})", "wait_ms=60001&x=1") == Places{"/why", "?wait_ms", "?x"});
  CHECK(decision("{\"reason\":\"" + std::string(1'001, 'r') + "\"}") == Places{"/reason"});
}

TEST_CASE("each fault of the other bodies is named", "[server][bodies]") {
  const QueryReader none("");
  CHECK(places(parse_extend(R"({"timeout_ms":1})", none)).empty());
  CHECK(places(parse_extend("", none)) == Places{"malformed"});
  CHECK(places(parse_extend("{}", none)) == Places{"/timeout_ms"});
  CHECK(places(parse_extend(R"({"timeout_ms":0})", none)) == Places{"/timeout_ms"});
  CHECK(places(parse_extend(R"({"timeout_ms":5,"wait":1})", none)) == Places{"/wait"});

  CHECK(places(parse_branch_resolve(R"({"operation":"compensate","outcome":"succeeded","reason":"by hand"})", none)).empty());
  CHECK(places(parse_branch_resolve("{}", none)) == Places{"/operation", "/outcome", "/reason"});
  CHECK(places(parse_branch_resolve(R"({"operation":"check","outcome":"committed","reason":""})", none)) ==
        Places{"/operation", "/outcome", "/reason"});
  CHECK(parse_branch_resolve(R"({"operation":"action","outcome":"refused","reason":"x"})", none)->succeeded == false);

  CHECK(parse_check_resolve(R"({"outcome":"committed","reason":"x"})", none)->succeeded);
  CHECK_FALSE(parse_check_resolve(R"({"operation":"check","outcome":"aborted","reason":"x"})", none)->succeeded);
  CHECK(places(parse_check_resolve(R"({"operation":"action","outcome":"succeeded","reason":"x"})", none)) ==
        Places{"/operation", "/outcome"});

  CHECK_FALSE(parse_retry("", none)->reason);
  CHECK_FALSE(parse_retry("{}", none)->reason);
  CHECK(parse_retry(R"({"reason":"the disk is mended"})", none)->reason == "the disk is mended");
  CHECK(places(parse_retry(R"({"force":true})", none).error()) == Places{"/force"});
}

TEST_CASE("retry of many takes the filters of the list as members", "[server][bodies]") {
  const QueryReader none("");
  const auto parsed = parse_retry_many(R"({"status":["aborting","committing"],"mode":"saga","name":"n","attention":true,"attribute.k":"v",
    "started_after":"1970-01-01T00:00:01Z","destination":"http://H:80/","dry_run":true})",
                                       none);
  REQUIRE(parsed);
  CHECK(parsed->filter.status == std::vector{protocol::Status::aborting, protocol::Status::committing});
  CHECK(parsed->filter.attributes.at("k") == "v");
  CHECK(parsed->filter.started_after_ms == 1'000);
  CHECK(parsed->destination == "http://h:80");
  CHECK(parsed->dry_run);
  CHECK(parse_retry_many(R"({"status":"aborting"})", none)->filter.status.size() == 1);
  CHECK(places(parse_retry_many("", none)) == Places{"malformed"});
  CHECK(places(parse_retry_many(R"({"status":["x"],"destination":"h:80","attribute./":"v","limit":1})", none)) ==
        Places{"/status/0", "/attribute.~1", "/destination", "/limit"});
}

TEST_CASE("only well-formed trace contexts are carried on", "[server][trace]") {
  CHECK(is_traceparent(traceparent));
  CHECK(is_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
  for (const char* text :
       {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    INFO(text);
    CHECK_FALSE(is_traceparent(text));
  }
  transport::Headers headers;
  headers.add("TraceParent", traceparent);
  headers.add("tracestate", "a=1");
  headers.add("tracestate", "b=2");
  CHECK(trace_of(headers).traceparent == traceparent);
  CHECK(trace_of(headers).tracestate == "a=1,b=2");
  headers.add("traceparent", traceparent);
  CHECK(trace_of(headers).traceparent.empty());
}

TEST_CASE("a loopback listener knows its own names only", "[server][origin]") {
  const OriginGuard guard("127.0.0.1:7400");
  for (const char* host : {"127.0.0.1:7400", "localhost:7400", "LOCALHOST", "[::1]:7400", "127.0.0.1", ""}) {
    INFO(host);
    CHECK_FALSE(guard.refusal(request("GET", host)));
  }
  for (const char* host : {"evil.example", "evil.example:7400", "localhost.evil.example", "10.0.0.1:7400", "[2001:db8::1]"}) {
    INFO(host);
    CHECK(guard.refusal(request("GET", host)));
  }
  CHECK_FALSE(OriginGuard("0.0.0.0:7400").refusal(request("GET", "coordinator.internal:7400")));
}

TEST_CASE("where a coordinator listens is one of its names, unless it listens everywhere", "[server][origin]") {
  const std::vector<std::string> hosts{"escrow.internal"};
  const auto knows = [&](const char* listen, const char* host) { return !OriginGuard(listen, hosts).refusal(request("GET", host)); };
  CHECK(knows("10.0.0.5:7400", "10.0.0.5:7400"));
  CHECK(knows("10.0.0.5:7400", "escrow.internal:7400"));
  CHECK_FALSE(knows("10.0.0.5:7400", "10.0.0.6:7400"));
  CHECK_FALSE(knows("10.0.0.5:7400", "evil.example"));
  CHECK(knows("[2001:db8::1]:7400", "[2001:DB8:0::1]:7400"));
  CHECK(knows("Node-1.internal:7400", "node-1.internal"));
  CHECK_FALSE(knows("0.0.0.0:7400", "0.0.0.0:7400"));
  CHECK_FALSE(knows("[::]:7400", "[::]:7400"));
  CHECK_FALSE(knows("0.0.0.0:7400", "10.0.0.5:7400"));
}

TEST_CASE("requests that a browser sends for another site are refused", "[server][origin]") {
  const OriginGuard guard("127.0.0.1:7400");
  const std::string host = "127.0.0.1:7400";
  CHECK(guard.refusal(request("POST", host, {{"Origin", "http://evil.example"}})));
  CHECK(guard.refusal(request("POST", host, {{"Origin", "null"}})));
  CHECK(guard.refusal(request("POST", host, {{"Origin", "http://127.0.0.1:9999"}})));
  CHECK(guard.refusal(request("GET", host, {{"Origin", "http://evil.example"}})));
  CHECK(guard.refusal(request("POST", host, {{"Sec-Fetch-Site", "cross-site"}})));
  CHECK(guard.refusal(request("POST", host, {{"Sec-Fetch-Site", "same-site"}})));
  CHECK_FALSE(guard.refusal(request("POST", host, {{"Origin", "http://127.0.0.1:7400"}, {"Sec-Fetch-Site", "same-origin"}})));
  CHECK(
      guard.refusal(request("GET", host, {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "image"}})));
  CHECK_FALSE(guard.refusal(
      request("GET", host, {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}})));
  CHECK_FALSE(guard.refusal(request("POST", host)));
}
