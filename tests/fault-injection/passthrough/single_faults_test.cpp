#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/passthrough/wire.hpp"
#include "tests/fault-injection/process/stage.hpp"
#include "tests/support/http_client.hpp"

/// One kind of fault on the lines between the real coordinator and its participants, with transactions of every mode under way, until it
/// has struck often; then calm, and the oracles.
namespace {

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

Stage::Wanted with_proxy() {
  Stage::Wanted wanted;
  wanted.proxy = "rules: []";
  wanted.is_api_clean = true;
  wanted.timing.request_timeout_ms = 500;
  return wanted;
}

std::string judged(Stage& stage) {
  std::string text = stage.verdict();
  return text + text_of(passthrough::judge_wire(passthrough::read_wire(stage.wire_path()), stage.observed().history.written));
}

std::vector<Plan> some_of_each(Stage& stage) {
  std::vector<Plan> plans;
  for (const Family family : families) {
    const auto some = stage.take(family);
    plans.insert(plans.end(), some.begin(), some.end());
  }
  return plans;
}

/// Waits until `is_so`; false when that takes a minute.
template <class Is>
bool becomes(Stage& stage, Is is_so) {
  const auto deadline = Clock::now() + 60s;
  while (!is_so()) {
    if (Clock::now() > deadline) return false;
    stage.coordinator().wait_for_end(stage.coordinator().life().number, 20ms);
  }
  return true;
}

std::int64_t struck(Stage& stage, const std::string& name) {
  const json rules = json::parse(stage.proxy().control("GET", "/rules").body)["rules"];
  for (const json& rule : rules) {
    if (rule["name"] == name) return rule["struck"];
  }
  return 0;
}

/// How often a line of the wire says so.
std::size_t lines_with(const Stage& stage, const std::string& words) {
  std::size_t count = 0;
  std::ifstream file(stage.wire_path());
  for (std::string line; std::getline(file, line);) count += line.find(words) != std::string::npos ? 1U : 0U;
  return count;
}

/// `copies`: so many must have been answered before all is judged.
void come_through(const std::string& fault, std::int64_t strikes = 10, std::size_t copies = 0) {
  Stage stage(with_proxy());
  (void)stage.urls();
  stage.proxy().add_rules("rules: [{name: fault, match: {link: \"service*\"}, " + fault + "}]");
  const auto plans = some_of_each(stage);
  auto played = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  CHECK(becomes(stage, [&] { return struck(stage, "fault") >= strikes; }));
  stage.proxy().heal();
  played.get();
  CHECK(becomes(stage, [&] { return lines_with(stage, "nobody waits for it") >= copies; }));
  CHECK(judged(stage) == "");
}

/// What the services did of it, by their journals.
std::size_t effects(const Stage& stage, int transaction, protocol::OperationName operation) {
  std::size_t count = 0;
  for (const sim::Committed& one : stage.observed().history.committed) {
    count += one.what == sim::Committed::What::effect && one.transaction == transaction && one.operation == operation ? 1U : 0U;
  }
  return count;
}

/// A try of the first branch that stands still until that much has happened to its cancel.
void try_meets_cancel(const std::string& event) {
  Stage::Wanted wanted = with_proxy();
  wanted.timing.timeout_ms = 1'500;
  Stage stage(wanted);
  (void)stage.urls();
  const auto plans = stage.take([&](int first) {
    Plan plan = plans_of(Family::tcc, first, stage.urls(), wanted.timing).at(0);
    plan.outcome = protocol::Status::aborted;
    return std::vector<Plan>{plan};
  });
  stage.proxy().add_rules("rules: [{name: fault, match: {operation: try, branch: b0}, do: {hold_until: {event: " + event +
                          ", operation: cancel, branch: b0}}}]");
  run_all(stage.initiator(), plans);
  CHECK(struck(stage, "fault") >= 1);
  // What was held up has arrived.
  CHECK(becomes(stage, [&] { return stage.proxy().wait_for({{"event", "forwarded"}, {"operation", "try"}, {"branch", "b0"}}); }));
  CHECK(judged(stage) == "");
  CHECK(effects(stage, plans[0].transaction, protocol::OperationName::confirm) == 0);
  CHECK(effects(stage, plans[0].transaction, protocol::OperationName::cancel) >=
        effects(stage, plans[0].transaction, protocol::OperationName::try_));
}

}  // namespace

TEST_CASE("E06 a participant that takes requests and is never heard of again is asked on other connections", "[passthrough]") {
  come_through("do: {lose_request: true}");
}

TEST_CASE("E07 a participant that ends its side behind the header of its answer has said nothing", "[passthrough]") {
  come_through("do: {half_close_response: head}");
}

TEST_CASE("E08 answers that drip in byte by byte are ended by one limit for all of them", "[passthrough]") {
  come_through("do: {pace_response: {bytes: 1, every_ms: 100}}");
}

TEST_CASE("E16 connections that are closed as a request is written to them lose nothing and do nothing twice", "[passthrough]") {
  come_through("do: {close_request: 0}");
  come_through("do: {close_request: all}");
}

TEST_CASE("E14 requests that pass with answers that do not, and the reverse, lose nothing and do nothing twice", "[passthrough]") {
  come_through("do: {lose_response: true}");
  come_through("do: {reset_request: head}");
}

TEST_CASE("E15 a login page with 200 in the place of a participant is no success", "[passthrough]") {
  come_through("do: {answer: {status: 200, headers: {Content-Type: text/html}, body: \"<html>who are you</html>\"}}");
}

TEST_CASE("E10 G05 with three copies of every call at once, and one long behind the end, each effect is there once", "[passthrough]") {
  come_through("do: {duplicate: {copies: 3}}", 20, 60);
  come_through("do: {duplicate: {after_ms: 2000}}", 20, 20);
}

TEST_CASE("E12 a try that arrives behind its cancel is barred", "[passthrough]") { try_meets_cancel("response"); }

TEST_CASE("G07 a try and its cancel that arrive at once leave nothing behind", "[passthrough]") { try_meets_cancel("request"); }

TEST_CASE("E01 E19 with every participant out of reach starts are accepted, outlive a kill, and end when it is mended", "[passthrough]") {
  Stage stage(with_proxy());
  (void)stage.urls();
  stage.proxy().add_rules(
      "rules: [{name: one, match: {link: service0}, do: {refuse: true}}, {name: other, match: {link: service1}, do: {refuse: true}}]");
  std::vector<Plan> plans;
  for (int i = 0; i < 10; ++i) {
    const auto some = stage.take(Family::saga);
    plans.insert(plans.end(), some.begin(), some.end());
  }
  auto played = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  const auto look = [&](const Plan& plan) {
    const auto answer = testing::send_http(stage.coordinator().life().port, "GET", "/v1/transactions/t" + std::to_string(plan.transaction));
    return json::parse(answer.body, nullptr, false);
  };
  const auto all_were_tried = [&] {
    return std::ranges::all_of(plans, [&](const Plan& plan) {
      const json seen = look(plan);
      return seen.contains("branches") && seen["branches"][0]["operations"]["action"]["attempts"].get<int>() >= 2;
    });
  };
  CHECK(becomes(stage, all_were_tried));
  const auto life = stage.coordinator().life().number;
  stage.coordinator().kill();
  stage.coordinator().wait_for_end(life, 10s);
  CHECK(becomes(stage, all_were_tried));
  for (const Plan& plan : plans) CHECK(look(plan)["status"] == "active");
  stage.proxy().heal();
  played.get();
  CHECK(judged(stage) == "");
}
