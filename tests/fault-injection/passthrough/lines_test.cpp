#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/passthrough/wire.hpp"
#include "tests/fault-injection/process/stage.hpp"
#include "tests/support/http_client.hpp"

/// Single rows of the catalogue, between the real coordinator and real participants.
namespace {

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

Stage::Wanted with_proxy(std::int64_t request_timeout_ms = 3'000) {
  Stage::Wanted wanted;
  wanted.proxy = "rules: []";
  wanted.is_api_clean = true;
  wanted.timing.request_timeout_ms = request_timeout_ms;
  return wanted;
}

/// As the coordinator shows it; asked past the proxy's rules, which these tests set for other links.
json look(Stage& stage, int transaction) {
  const auto answer = testing::send_http(stage.coordinator().life().port, "GET", "/v1/transactions/t" + std::to_string(transaction));
  return json::parse(answer.body);
}

/// Looks until `is_so`; false when that takes a minute.
template <class Is>
bool becomes(Stage& stage, int transaction, Is is_so) {
  const auto deadline = Clock::now() + 60s;
  while (Clock::now() < deadline) {
    const json seen = look(stage, transaction);
    // A problem has a status, too: a number.
    if (seen.contains("branches") && is_so(seen)) return true;
    // Paces the questions: a life that does not end.
    stage.coordinator().wait_for_end(stage.coordinator().life().number, 20ms);
  }
  return false;
}

bool has_attention(const json& seen) { return !seen["attention"].empty(); }

std::string judged(Stage& stage) {
  std::string text = stage.verdict();
  return text + text_of(passthrough::judge_wire(passthrough::read_wire(stage.wire_path()), stage.observed().history.written));
}

/// One whose confirms are answered by somebody who knows nothing of them: called on, called to attention, and done once that is mended.
void mends_by_itself(const std::string& status) {
  Stage stage(with_proxy());
  (void)stage.urls();
  stage.proxy().add_rules("rules: [{name: wrong, match: {operation: confirm}, do: {answer: {status: " + status + "}}}]");
  const auto plans = stage.take(Family::tcc);
  auto played = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  CHECK(becomes(stage, plans[0].transaction, has_attention));
  const json seen = look(stage, plans[0].transaction);
  CHECK(seen["status"] == "committing");
  CHECK_THAT(seen["branches"][0]["operations"]["confirm"]["last_error"].get<std::string>(), Catch::Contains(status));
  stage.proxy().command("DELETE", "/rules/wrong");
  played.get();
  CHECK(look(stage, plans[0].transaction)["attention"].empty());
  CHECK(judged(stage) == "");
}

}  // namespace

TEST_CASE("E02 connections that are never made end with the time limit, and others are served", "[passthrough]") {
  Stage stage(with_proxy(300));
  (void)stage.urls();
  stage.proxy().add_rules("rules: [{name: away, match: {link: service1}, do: {swallow: true}}]");
  const auto plans = stage.take(Family::saga);
  // Its only branch is of the service that is there.
  const auto others = stage.take([&](int first) { return std::vector<Plan>{plans_of(Family::message, first - 2, stage.urls()).at(2)}; });
  auto played = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  CHECK(becomes(stage, plans[0].transaction,
                [](const json& seen) { return seen["branches"][1]["operations"]["action"]["attempts"].get<int>() >= 2; }));
  run_all(stage.initiator(), others);
  CHECK(look(stage, plans[0].transaction)["status"] == "active");
  stage.proxy().heal();
  played.get();
  CHECK(judged(stage) == "");
}

TEST_CASE("E09 on a slow, lossy and corrupting line everything ends, and nothing is taken for what it is not", "[passthrough]") {
  Stage stage(with_proxy(2'000));
  (void)stage.urls();
  stage.proxy().add_rules(R"(rules:
  - {name: loss, match: {link: "service*"}, probability: 0.15, do: {lose_request: true}}
  - {name: deaf, match: {link: "service*"}, probability: 0.15, do: {lose_response: true}}
  - {name: noise, match: {link: "service*"}, probability: 0.15, do: {garble_response: {at: 0, bytes: 6}}}
  - {name: slow, match: {link: "service*"}, do: {bandwidth_request: 1000, bandwidth_response: 1000, delay: {least_ms: 0, most_ms: 150}}}
)");
  std::vector<Plan> plans;
  for (const Family family : {Family::saga, Family::tcc, Family::mixed, Family::message}) {
    for (int i = 0; i < 2; ++i) {
      const auto some = stage.take(family);
      plans.insert(plans.end(), some.begin(), some.end());
    }
  }
  run_all(stage.initiator(), plans);
  const json rules = json::parse(stage.proxy().control("GET", "/rules").body)["rules"];
  for (const json& rule : rules) CHECK(rule["struck"] > 0);
  CHECK(judged(stage) == "");
}

TEST_CASE("E20 links that stop and go on in any order lose nothing and everything drains", "[passthrough]") {
  Stage stage(with_proxy());
  (void)stage.urls();
  constexpr std::size_t rounds = 3;
  stage.proxy().add_rules("swizzle: {links: [service0, service1], every_ms: 100, hold_ms: 500, rounds: " + std::to_string(rounds) + "}");
  std::size_t stops = 0;
  std::size_t held_up = 0;
  const auto look_at_wire = [&] {
    stops = held_up = 0;
    std::set<std::string> stopped;
    std::ifstream file(stage.wire_path());
    for (std::string line; std::getline(file, line);) {
      const json entry = json::parse(line, nullptr, false);
      if (!entry.is_object()) continue;
      const std::string note = entry.value("note", "");
      if (entry["event"] == "link" && note.ends_with(" stops")) stopped.insert(note.substr(0, note.find(' ')));
      if (entry["event"] == "link" && note.ends_with(" goes on")) stops += stopped.erase(note.substr(0, note.find(' ')));
      // It came while its link stood still.
      if (entry["event"] == "request" && stopped.contains(entry.value("link", ""))) ++held_up;
    }
  };
  // Work for as long as it lasts, however fast or slow this machine is.
  const auto deadline = Clock::now() + 60s;
  for (look_at_wire(); stops < 2 * rounds && Clock::now() < deadline; look_at_wire()) {
    std::vector<Plan> plans;
    for (const Family family : families) {
      const auto some = stage.take(family);
      plans.insert(plans.end(), some.begin(), some.end());
    }
    run_all(stage.initiator(), plans);
  }
  CHECK(stops == 2 * rounds);
  CHECK(held_up >= rounds);
  CHECK(judged(stage) == "");
}

TEST_CASE("while a decision is not durable nothing that it leads to passes the line", "[passthrough]") {
  auto wanted = with_proxy();
  wanted.is_traced = true;
  Stage stage(wanted);
  (void)stage.urls();
  KeptProcess& coordinator = stage.coordinator();
  const std::string held = stage.workplace().path("held");
  std::size_t strikes = 0;
  for (const Family family : {Family::saga, Family::tcc, Family::mixed, Family::pivot}) {
    INFO(to_string(family));
    std::ofstream(held) << "x";
    // Within its transaction in the log, ahead of its COMMIT.
    coordinator.set_rules("store.write.before hold in decision/ at 1 while " + held);
    const auto plans = stage.take(family);
    auto played = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
    CHECK(stage.wait_for_strikes(++strikes));
    const std::string gid = stage.last_strike().substr(stage.last_strike().rfind('/') + 1);
    // Time for a call that should not be made: with less, a mistake may be missed, and none is invented.
    coordinator.wait_for_end(coordinator.life().number, 300ms);
    std::size_t calls = 0;
    for (const auto& call : passthrough::read_wire(stage.wire_path()).calls) {
      if ("t" + std::to_string(call.sent.transaction) != gid) continue;
      ++calls;
      INFO(call.key);
      CHECK((call.sent.operation == protocol::OperationName::try_ || call.sent.operation == protocol::OperationName::action));
    }
    CHECK((calls > 0 || family == Family::tcc));
    std::remove(held.c_str());
    played.get();
    coordinator.set_rules("");
  }
  CHECK(judged(stage) == "");
}

TEST_CASE("F06 a confirm whose credentials are refused raises attention and is done once they are mended", "[passthrough]") {
  mends_by_itself("401");
}

TEST_CASE("F07 a confirm whose route is gone raises attention and is done once it is back", "[passthrough]") { mends_by_itself("404"); }
