#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/integration/api/coordinator.hpp"

using namespace escrow::testing;

/// Malformed, oversized, hostile and contradictory requests: each gets a clear problem and leaves no trace in the log.
namespace {

const char* const good = R"({"gid":"g","mode":"saga","branches":[{"id":"a","action":"http://127.0.0.1:1/a"}]})";

std::string nested(int depth) {
  std::string out = R"({"gid":"g","mode":"saga","branches":[{"id":"a","action":"http://127.0.0.1:1/a","payload":)";
  for (int i = 0; i < depth; ++i) out += '[';
  for (int i = 0; i < depth; ++i) out += ']';
  return out + "}]}";
}

}  // namespace

TEST_CASE("J07 text that is no clean JSON is malformed", "[api][hostile]") {
  Coordinator coordinator;
  for (const std::string& body :
       {std::string(""), std::string("{"), std::string("nul"), std::string("\xEF\xBB\xBF{}"), std::string("{\"gid\":\"\xFF\"}"),
        std::string(R"({"mode":"saga","mode":"tcc"})"), std::string(R"({"mode":"saga","\u006dode":"tcc"})"),
        std::string(R"({"gid":"\ud800"})"), std::string("{}{}"), std::string("{'mode':'saga'}"), std::string("{\"a\":01}"),
        std::string("{\"a\":NaN}"), std::string("\0{}", 3), nested(62), std::string(100'000, '[')}) {
    const auto answer = coordinator.request("POST", "/v1/transactions", body);
    INFO(body.substr(0, 100));
    CHECK(answer.status == 400);
    CHECK(json::parse(answer.body).at("code") == "malformed_json");
  }
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("J07 a wrong type in any member is invalid", "[api][hostile]") {
  Coordinator coordinator;
  const json whole =
      json::parse(R"({"gid":"g","mode":"mixed","name":"n","attributes":{"k":"v"},"order":"sequential","interactive":false,"timeout_ms":1000,
    "retry":{"initial_ms":1,"max_ms":2,"multiplier":1.5,"jitter":0.1,"max_attempts":1},"request_timeout_ms":100,"attention_after":1,"headers":{"X":"y"},
    "branches":[{"id":"a","kind":"tcc","try":"http://127.0.0.1:1/t","confirm":"http://127.0.0.1:1/c","cancel":"http://127.0.0.1:1/x","pivot":false,
                 "retry":{"max_ms":5000},"request_timeout_ms":5,"headers":{"Y":"z"}},
                {"id":"b","kind":"saga","action":"http://127.0.0.1:1/a","compensate":"http://127.0.0.1:1/c"}]})");
  const std::vector<json> values{json::parse("[[]]"),
                                 json::object({{"x", 1}}),
                                 -1,
                                 1.5,
                                 "\xE2\x82\xAC",
                                 false,
                                 nullptr,
                                 json::parse("123456789012345678901234567890")};
  const json leaves = whole.flatten();
  int refused = 0;
  for (const auto& [pointer, value] : leaves.items()) {
    for (const json& wrong : values) {
      if (wrong.type() == value.type() || (wrong.is_number() && value.is_number_float()) || (wrong.is_null() && pointer == "/name"))
        continue;
      if (wrong.is_string() && pointer == "/name") continue;
      json body = whole;
      body[json::json_pointer(pointer)] = wrong;
      const auto answer = send_http(coordinator.port(), "POST", "/v1/transactions", body.dump());
      INFO(pointer << " " << wrong.dump() << " " << answer.status << " " << answer.body);
      REQUIRE(answer.status == 422);
      const json problem = json::parse(answer.body);
      CHECK(problem.at("errors").at(0).at("pointer").get<std::string>().starts_with(pointer));
      ++refused;
    }
  }
  CHECK(refused > 150);
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("contradictory requests name every fault at once", "[api][hostile]") {
  Coordinator coordinator;
  const json problem = coordinator.post(
      "/v1/transactions?wait_ms=-1&wait=5",
      json::parse(R"({"gid":"../x","mode":"saga","check":"http://h/c","order":"parallel","typo":1,"headers":{"Host":"evil","X":"a\r\nY: b"},
    "branches":[{"id":"a","try":"http://h/t","action":"file:///etc/passwd","after":["b","z"]},{"id":"b","action":"http://u:p@h/","after":["a"]},{"id":"a","action":"http://h/#f"}]})"),
      422);
  std::vector<std::string> places;
  for (const auto& fault : problem.at("errors")) places.push_back(fault.contains("pointer") ? fault.at("pointer") : fault.at("parameter"));
  for (const char* place : {"/gid", "/check", "/order", "/typo", "/headers/Host", "/headers/X", "/branches/0/try", "/branches/0/action",
                            "/branches/0/after/1", "/branches/1/action", "/branches/2/id", "/branches/2/action", "wait_ms", "wait"}) {
    INFO(place << " in " << problem.dump());
    CHECK(std::ranges::find(places, place) != places.end());
  }
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("J08 addresses that nobody should reach through us are refused at the start", "[api][hostile]") {
  Coordinator coordinator;
  for (const char* url :
       {"http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0xA9FEA9FE/", "http://2852039166/", "gopher://127.0.0.1/",
        "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://[::1%25lo]/", "http:///x", "//127.0.0.1/"}) {
    json body = json::parse(good);
    body["branches"][0]["action"] = url;
    INFO(url);
    const json problem = coordinator.post("/v1/transactions", body, 422);
    CHECK(problem.at("errors").at(0).at("pointer") == "/branches/0/action");
  }
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("J09 names in paths are data and nothing else", "[api][hostile]") {
  Coordinator coordinator;
  for (const char* name :
       {"..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a%0d%0aX:%20y", "'%20OR%20'1'='1", "%ff", "a%20b", "%F0%9F%98%80"}) {
    INFO(name);
    CHECK(coordinator.get(std::string("/v1/transactions/") + name, 404).at("code") == "not_found");
  }
  coordinator.get("/v1/transactions/" + std::string(129, 'g'), 404);
  coordinator.get("/v1/events/7", 404);
  coordinator.get("/v1/../v1/info", 404);
}

TEST_CASE("requests outside the limits and formats of HTTP are refused", "[api][hostile][straight-line]") {
  Coordinator coordinator;
  const auto code = [](const HttpMessage& answer) { return json::parse(answer.body).at("code").get<std::string>(); };
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Content-Type", "text/plain"}})) == "unsupported_media_type");
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Content-Type", "application/json; charset=latin1"}})) ==
        "unsupported_media_type");
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}})) ==
        "unsupported_media_type");
  CHECK(code(coordinator.request("POST", "/v1/transactions", std::string(1'048'577, ' '))) == "body_too_large");
  CHECK(code(coordinator.request("GET", "/v1/info", "", {{"X-Large", std::string(70'000, 'x')}})) == "header_too_large");
  CHECK(code(coordinator.request("GET", "/v1/info", "", {{"Host", "evil.example"}})) == "forbidden");
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Origin", "http://evil.example"}})) == "forbidden");
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Sec-Fetch-Site", "cross-site"}})) == "forbidden");
  CHECK(code(coordinator.request("POST", "/v1/transactions", good, {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}})) ==
        "malformed_request");
  CHECK(code(coordinator.request("POST", "/v1/transactions/g/abort", "", {{"Escrow-Actor", std::string(257, 'a')}})) ==
        "malformed_request");
  const auto put = coordinator.request("PUT", "/v1/transactions/g", good);
  CHECK(code(put) == "method_not_allowed");
  CHECK(put.header("Allow") == "GET, HEAD, OPTIONS");
  CHECK(coordinator.get("/v1/info?verbose=1", 422).at("errors").at(0).at("parameter") == "verbose");
  CHECK(coordinator.transactions() == 0);
  CHECK(coordinator.request("POST", "/v1/transactions", good, {{"Content-Type", "Application/JSON ; Charset=UTF-8"}}).status == 201);
}

TEST_CASE("J06 a transaction of more branches than allowed is refused before it is durable", "[api][hostile]") {
  Coordinator coordinator;
  json body = json::parse(good);
  for (int i = 0; i < 1'000; ++i) body["branches"].push_back({{"id", "b" + std::to_string(i)}, {"action", "http://127.0.0.1:1/a"}});
  CHECK(coordinator.post("/v1/transactions", body, 422).at("errors").at(0).at("pointer") == "/branches");
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("faults of a registration leave the transaction as it was", "[api][hostile]") {
  Coordinator coordinator;
  coordinator.post("/v1/transactions", {{"gid", "g"}, {"mode", "saga"}, {"interactive", true}}, 201);
  const auto pointer = [&](const json& body) {
    return coordinator.post("/v1/transactions/g/branches", body, 422).at("errors").at(0).at("pointer").get<std::string>();
  };
  CHECK(pointer({{"id", "a"}, {"action", "http://h/a"}}) == "/action");
  CHECK(pointer({{{"id", "a"}}, {{"id", "a"}}}) == "/1/id");
  CHECK(pointer(json::array()).empty());
  CHECK(pointer({{{"id", "a"}}, {{"id", "b"}, {"after", {"a"}}}}) == "/1/after");
  CHECK(pointer({{"id", "a"}, {"after", {"z"}}}) == "/after/0");
  CHECK(coordinator.get("/v1/transactions/g").at("branches").empty());
  coordinator.post("/v1/transactions/g/branches", {{"id", "a"}, {"after", json::array()}}, 201);
  CHECK(pointer({{"id", "b"}}) == "/after");
  CHECK(coordinator.get("/v1/transactions/g").at("branches").size() == 1);
}
