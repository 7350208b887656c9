#include "tests/support/openapi_contract.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "tests/support/json_schema.hpp"

using namespace escrow::testing;
using nlohmann::json;

namespace {

const OpenapiContract& contract() {
  static const OpenapiContract loaded = [] {
    std::ifstream file(OPENAPI_DOCUMENT);
    return OpenapiContract(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  }();
  return loaded;
}

HttpMessage answer(int status, const std::string& body, const std::string& type = "application/json") {
  HttpMessage out;
  out.status = status;
  out.body = body;
  out.headers = {{"Content-Type", type}};
  return out;
}

bool passes(const std::string& method, const std::string& target, const HttpMessage& answer) {
  return contract().violations(method, target, answer).empty();
}

json problem(int status, const std::string& code) {
  return {{"type", "about:blank"}, {"title", "t"}, {"status", status}, {"detail", "d"}, {"code", code}};
}
bool problem_passes(const std::string& method, const std::string& target, int status, const json& body) {
  return passes(method, target, answer(status, body.dump(), "application/problem+json"));
}

bool fits(const json& schema, const json& value) { return JsonSchema(schema).violations(schema, value).empty(); }

}  // namespace

TEST_CASE("an answer as described passes", "[support][openapi]") {
  CHECK(passes("GET", "/healthz/live", answer(200, R"({"status":"live"})")));
  CHECK(passes("GET", "/v1/transactions?limit=1", answer(200, R"({"transactions":[],"next_cursor":null})")));
  CHECK(problem_passes("GET", "/v1/transactions/g", 404, problem(404, "not_found")));
  CHECK(problem_passes("GET", "/nowhere", 404, problem(404, "not_found")));
}

TEST_CASE("an undocumented status, member, code, type or header fails", "[support][openapi]") {
  CHECK_FALSE(passes("GET", "/healthz/live", answer(202, R"({"status":"live"})")));
  CHECK_FALSE(passes("GET", "/healthz/live", answer(200, R"({"status":"live","extra":1})")));
  CHECK_FALSE(passes("GET", "/healthz/live", answer(200, R"({"status":"well"})")));
  CHECK_FALSE(passes("GET", "/healthz/live", answer(200, R"({})")));
  CHECK_FALSE(passes("GET", "/healthz/live", answer(200, "no json")));
  CHECK_FALSE(passes("GET", "/healthz/live", answer(200, R"({"status":"live"})", "text/html")));
  CHECK_FALSE(passes("GET", "/nowhere", answer(200, "{}")));
  CHECK_FALSE(problem_passes("GET", "/v1/transactions/g", 404, problem(404, "gone")));
  CHECK_FALSE(problem_passes("GET", "/v1/transactions/g", 404, problem(404, "invalid")));
  CHECK_FALSE(problem_passes("GET", "/v1/transactions/g", 409, problem(409, "gid_conflict")));
  CHECK_FALSE(problem_passes("GET", "/v1/info", 422, problem(422, "invalid")));             // without errors
  CHECK_FALSE(problem_passes("GET", "/v1/info", 503, problem(503, "draining")));            // without Retry-After
  CHECK_FALSE(problem_passes("PUT", "/v1/info", 405, problem(405, "method_not_allowed")));  // without Allow
  CHECK_FALSE(passes("POST", "/v1/transactions", answer(201, "{}")));
  CHECK_FALSE(passes("GET", "/healthz/live", HttpMessage()));
}

TEST_CASE("each keyword of a schema is able to refuse", "[support][openapi]") {
  CHECK_FALSE(fits({{"type", "integer"}}, 1.5));
  CHECK_FALSE(fits({{"type", {"string", "null"}}}, 1));
  CHECK(fits({{"type", {"string", "null"}}}, nullptr));
  CHECK_FALSE(fits({{"enum", {"a"}}}, "b"));
  CHECK_FALSE(fits({{"const", 1}}, 2));
  CHECK_FALSE(fits({{"minimum", 1}}, 0));
  CHECK_FALSE(fits({{"maximum", 1}}, 2));
  CHECK_FALSE(fits({{"minLength", 1}}, ""));
  CHECK_FALSE(fits({{"maxLength", 1}}, "ab"));
  CHECK_FALSE(fits({{"pattern", "^a$"}}, "b"));
  CHECK_FALSE(fits({{"format", "date-time"}}, "2026-01-05T10:00:00Z"));
  CHECK(fits({{"format", "date-time"}}, "2026-01-05T10:00:00.000Z"));
  CHECK_FALSE(fits({{"minItems", 1}}, json::array()));
  CHECK_FALSE(fits({{"items", {{"type", "string"}}}}, json::array({1})));
  CHECK_FALSE(fits({{"required", {"a"}}}, json::object()));
  CHECK_FALSE(fits({{"maxProperties", 0}}, {{"a", 1}}));
  CHECK_FALSE(fits({{"propertyNames", {{"maxLength", 1}}}}, {{"ab", 1}}));
  CHECK_FALSE(fits({{"additionalProperties", false}}, {{"a", 1}}));
  CHECK_FALSE(fits({{"patternProperties", {{"^a", {{"type", "string"}}}}}}, {{"a", 1}}));
  CHECK_FALSE(fits({{"oneOf", {{{"type", "string"}}, {{"const", "a"}}}}}, "a"));
  CHECK_FALSE(fits({{"allOf", {{{"type", "string"}}, {{"const", "a"}}}}}, "b"));
  CHECK_FALSE(fits({{"unheardOf", 1}}, "a"));
}
