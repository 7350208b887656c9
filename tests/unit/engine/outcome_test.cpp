#include <catch2/catch.hpp>

#include "coordinator/engine/driver/outcome.hpp"

using escrow::core::Outcome;
using escrow::engine::driver::outcome_of;
using escrow::engine::node::CallWanted;
namespace protocol = escrow::protocol;
namespace transport = escrow::transport;
using Class = Outcome::Class;

namespace {

const auto wall = std::chrono::system_clock::from_time_t(1'767'607'200);

CallWanted call() {
  auto branch = std::make_shared<protocol::BranchRequest>();
  branch->id = *protocol::BranchId::parse("stock");
  CallWanted wanted;
  wanted.gid = *protocol::Gid::parse("order-17");
  wanted.branch = branch;
  wanted.operation = protocol::OperationName::action;
  return wanted;
}

Outcome answered(int status, std::string body = {}, std::vector<std::pair<std::string, std::string>> headers = {}) {
  transport::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  for (const auto& [name, value] : headers) answer.headers.add(name, value);
  return outcome_of(transport::CallAnswer(std::move(answer)), call(), wall);
}

/// docs/protocol.md, section 4, as a function of the status alone.
Class expected(int status) {
  if (status == 202 || status == 425) return Class::in_progress;
  if (status >= 200 && status < 300) return Class::succeeded;
  if (status == 409 || status == 422) return Class::refused;
  if (status == 429) return Class::postponed;
  return Class::unknown;
}

}  // namespace

TEST_CASE("the status decides the class of an answer, for each status from 200 to 599", "[engine][F01]") {
  for (int status = 200; status < 600; ++status) {
    INFO(status);
    CHECK(answered(status).outcome == expected(status));
    CHECK(answered(status).status == static_cast<unsigned>(status));
  }
}

TEST_CASE("503 with Retry-After is not now, without it unknown", "[engine][F10]") {
  CHECK(answered(503).outcome == Class::unknown);
  const auto asked = answered(503, "", {{"Retry-After", "7"}});
  CHECK(asked.outcome == Class::postponed);
  CHECK(asked.retry_after == std::chrono::seconds(7));
  for (const std::string& unreadable :
       {std::string("0"), std::string("soon"), std::string("-1"), std::string("Mon, 01 Jan 1990 00:00:00 GMT")}) {
    INFO(unreadable);
    const auto outcome = answered(503, "", {{"Retry-After", unreadable}});
    CHECK(outcome.outcome == Class::postponed);
    CHECK_FALSE(outcome.retry_after.has_value());
  }
}

TEST_CASE("a Retry-After that names a date counts from the wall clock", "[engine][F10]") {
  const auto outcome = answered(429, "", {{"Retry-After", "Mon, 05 Jan 2026 10:00:30 GMT"}});
  CHECK(outcome.retry_after == std::chrono::seconds(30));
}

TEST_CASE("words in the body decide nothing", "[engine][F02]") {
  CHECK(answered(200, R"({"dtm_result":"FAILURE"})").outcome == Class::succeeded);
  CHECK(answered(200, "FAILURE").outcome == Class::succeeded);
  CHECK(answered(500, R"({"result":"SUCCESS"})").outcome == Class::unknown);
}

TEST_CASE("a complete JSON body up to 64 KiB is the output, anything else is none", "[engine][F02]") {
  CHECK(*answered(200, R"({"order": 1.00})").output == R"({"order": 1.00})");
  CHECK_FALSE(answered(200).output);
  CHECK_FALSE(answered(200, "not json").output);
  CHECK_FALSE(answered(200, R"({"a":1,"a":2})").output);
  CHECK_FALSE(answered(200, std::string(70, '[') + std::string(70, ']')).output);
  CHECK(answered(200, '"' + std::string(65534, 'x') + '"').output);
  CHECK_FALSE(answered(200, '"' + std::string(65535, 'x') + '"').output);
}

TEST_CASE("a 2xx with an HTML page is somebody else's answer", "[engine][E15]") {
  CHECK(answered(200, "<p>hello", {{"Content-Type", "text/html; charset=utf-8"}}).outcome == Class::unknown);
  CHECK(answered(200, "\n <!DOCTYPE html><title>Log in").outcome == Class::unknown);
  CHECK(answered(202, "<html>").outcome == Class::unknown);
  CHECK(answered(200, "{}", {{"Content-Type", "application/json"}}).outcome == Class::succeeded);
}

TEST_CASE("a 2xx that echoes another call is unknown", "[engine][F11]") {
  CHECK(answered(200, "", {{"Escrow-Gid", "order-17"}, {"escrow-branch", "stock"}, {"Escrow-Operation", "action"}}).outcome ==
        Class::succeeded);
  CHECK(answered(200, "", {{"Escrow-Gid", "order-18"}}).outcome == Class::unknown);
  CHECK(answered(200, "", {{"escrow-branch", "payment"}}).outcome == Class::unknown);
  CHECK(answered(200, "", {{"Escrow-Operation", "compensate"}}).outcome == Class::unknown);
}

TEST_CASE("no answer is unknown, never a refusal", "[engine][E01]") {
  using Kind = transport::CallFailureKind;
  for (const Kind kind : {Kind::invalid_request, Kind::resolve, Kind::target_forbidden, Kind::refused, Kind::connect, Kind::tls,
                          Kind::timeout, Kind::reset, Kind::broken_answer}) {
    const auto outcome = outcome_of(transport::CallAnswer(transport::CallFailure(kind, "why")), call(), wall);
    CHECK(outcome.outcome == Class::unknown);
    CHECK(outcome.status == 0);
    CHECK(outcome.detail.find("why") != std::string::npos);
  }
}

TEST_CASE("the participant's words are told to people, cleaned and cut", "[engine]") {
  CHECK(answered(409, R"({"detail":"out of stock"})").detail == "409: out of stock");
  CHECK(answered(409, "out\tof\x01stock\nmore", {{"Content-Type", "text/plain"}}).detail == "409: out of stock");
  CHECK(answered(503).detail == "503 from participant");
  CHECK(answered(409, "\xff\xfe bad bytes", {{"Content-Type", "text/plain"}}).detail == "409:  bad bytes");
  CHECK(answered(409, std::string(5000, 'x'), {{"Content-Type", "text/plain"}}).detail.size() <= 1024);
}
