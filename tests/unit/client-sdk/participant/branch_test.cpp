#include <map>

#include <catch2/catch.hpp>

#include <escrow/branch.hpp>
#include <escrow/error.hpp>

namespace escrow {
namespace {

Branch::Headers good() {
  return {{"Escrow-Gid", "order-17"},  {"escrow-branch", "stock"}, {"ESCROW-OPERATION", "try"},
          {"Escrow-Phase", "forward"}, {"Escrow-Attempt", "3"},    {"Idempotency-Key", "order-17/stock/try"},
          {"traceparent", "00-1-2-3"}, {"tracestate", "vendor=1"}, {"Content-Type", "application/json"}};
}

Branch::Headers with(const std::string& name, const std::string& value) {
  auto headers = good();
  for (auto& header : headers) {
    if (header.first.size() == name.size() && header.first.substr(7) == name.substr(7)) header.second = value;
  }
  return headers;
}

}  // namespace

TEST_CASE("a call is read from its headers in any case", "[sdk][branch]") {
  const auto branch = Branch::from_headers(good());
  REQUIRE(branch.has_value());
  CHECK(branch->gid() == "order-17");
  CHECK(branch->id() == "stock");
  CHECK(branch->operation() == Operation::try_);
  CHECK(branch->phase() == Phase::forward);
  CHECK(branch->attempt() == 3);
  CHECK(branch->idempotency_key() == "order-17/stock/try");
  CHECK(branch->traceparent() == "00-1-2-3");
  CHECK(branch->tracestate() == "vendor=1");
}

TEST_CASE("a call is read through any framework's lookup", "[sdk][branch]") {
  const std::map<std::string, std::string, std::less<>> headers{
      {"Escrow-Gid", "g"}, {"Escrow-Branch", "b"}, {"Escrow-Operation", "compensate"}, {"Escrow-Phase", "final"}};
  const auto branch = Branch::from_headers([&](std::string_view name) -> std::optional<std::string> {
    const auto found = headers.find(name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
  });
  REQUIRE(branch.has_value());
  CHECK(branch->operation() == Operation::compensate);
  CHECK(branch->attempt() == 1);
  CHECK(branch->idempotency_key() == "g/b/compensate");
}

TEST_CASE("a check has no branch", "[sdk][branch]") {
  const auto check = Branch::from_headers(Branch::Headers{{"Escrow-Gid", "g"}, {"Escrow-Operation", "check"}});
  REQUIRE(check.has_value());
  CHECK(check->id().empty());
  CHECK(check->idempotency_key() == "g/check");
  CHECK_FALSE(
      Branch::from_headers(Branch::Headers{{"Escrow-Gid", "g"}, {"Escrow-Operation", "check"}, {"Escrow-Branch", "b"}}).has_value());
}

TEST_CASE("every fault of a call is named at once", "[sdk][branch]") {
  const auto branch = Branch::from_headers(Branch::Headers{{"Escrow-Attempt", "0"}, {"Escrow-Operation", "explode"}});
  REQUIRE_FALSE(branch.has_value());
  CHECK(branch.error().code == Errc::malformed_call);
  for (const char* name :
       {"Escrow-Gid: missing", "Escrow-Branch: missing", "Escrow-Operation: not", "Escrow-Phase: missing", "Escrow-Attempt: not"}) {
    CHECK_THAT(branch.error().detail, Catch::Matchers::Contains(name));
  }
  const auto answer = malformed_call_answer(branch.error());
  CHECK(answer.status == 400);
  CHECK(answer.content_type == "application/problem+json");
}

TEST_CASE("wrong values in a call are refused", "[sdk][branch]") {
  const std::vector<std::pair<std::string, std::string>> wrong{{"Escrow-Gid", "a b"},
                                                               {"Escrow-Gid", ".."},
                                                               {"Escrow-Gid", std::string(129, 'a')},
                                                               {"escrow-branch", ""},
                                                               {"escrow-branch", "a/b"},
                                                               {"ESCROW-OPERATION", "TRY"},
                                                               {"Escrow-Phase", "backward"},
                                                               {"Escrow-Attempt", "-1"},
                                                               {"Escrow-Attempt", "2 "},
                                                               {"Escrow-Attempt", ""},
                                                               {"Escrow-Attempt", "99999999999999999999999"},
                                                               {"Idempotency-Key", "order-17/stock/cancel"}};
  for (const auto& [name, value] : wrong) {
    CAPTURE(name, value);
    CHECK_FALSE(Branch::from_headers(with(name, value)).has_value());
  }
}

TEST_CASE("a repeated header of the protocol is refused", "[sdk][branch]") {
  auto headers = good();
  headers.emplace_back("escrow-gid", "order-18");
  CHECK_FALSE(Branch::from_headers(headers).has_value());
}

}  // namespace escrow
