#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/kills.hpp"
#include "tests/support/http_client.hpp"

using namespace escrow::processes;
using namespace std::chrono_literals;

/// Killed at the points that no transaction leads to by itself: on the way out, while the log is tended, while one is loaded.
namespace {

Stage::Wanted traced(std::vector<std::string> environment = {}) {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  wanted.environment = std::move(environment);
  return wanted;
}

bool are_all_killed(KeptProcess& coordinator) {
  return std::ranges::all_of(coordinator.endings(), [](int ending) { return ending == 137; });
}

std::size_t rows(Stage& stage, const std::string& from) {
  return std::stoul(DatabaseFile(stage.log_path()).rows("select count(*) from " + from)[0][0]);
}

}  // namespace

TEST_CASE("A22 killed at each step of the way out with transactions of every mode under way nothing is lost", "[process]") {
  Stage stage(traced());
  KeptProcess& coordinator = stage.coordinator();
  const std::string held = stage.workplace().path("held");
  for (const Family family : families) {
    for (const std::string& point : points_of_the_way_out()) {
      INFO(to_string(family) << ", " << point);
      std::ofstream(held) << "x";
      stage.service(0).set_rules("service.before hold while " + held);
      const auto plans = stage.take(family);
      auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
      const std::string one = "transactions where gid = 't" + std::to_string(plans.front().transaction) + "'";
      while (rows(stage, one) == 0 && clients.wait_for(5ms) != std::future_status::ready) continue;
      const auto strikes = stage.strikes();
      (void)coordinator.life();
      const auto before = coordinator.endings().size();
      coordinator.set_rules(point + " kill at 1");
      coordinator.signal(SIGTERM);
      std::filesystem::remove(held);
      CHECK(stage.wait_for_strikes(strikes + 1));
      wait_for_ends(coordinator, before + 1);
      clients.get();
      stage.service(0).set_rules("");
    }
  }
  CHECK(are_all_killed(coordinator));
  CHECK(coordinator.endings().size() == families.size() * points_of_the_way_out().size());
  CHECK(stage.verdict() == "");
}

TEST_CASE("killed around a checkpoint everything that was acknowledged is there", "[process]") {
  Stage stage(traced());
  KeptProcess& coordinator = stage.coordinator();
  for (const std::string point : {"store.checkpoint.before", "store.checkpoint.after"}) {
    const auto strikes = stage.strikes();
    // A life counts the pages that it has written itself.
    for (int round = 0; round < 200 && stage.strikes() == strikes; ++round) {
      coordinator.set_rules(point + " kill at 1");
      const Family family = families.at(static_cast<std::size_t>(round) % families.size());
      const auto plans = stage.take([&](int first) {
        std::vector<Plan> many;
        for (int i = 0; i < 5; ++i) {
          const auto some = plans_of(family, first + static_cast<int>(many.size()), stage.urls());
          many.insert(many.end(), some.begin(), some.end());
        }
        return many;
      });
      run_all(stage.initiator(), plans);
    }
    INFO(point);
    CHECK(stage.strikes() == strikes + 1);
    coordinator.set_rules("");
  }
  CHECK(are_all_killed(coordinator));
  CHECK(coordinator.endings().size() == 2);
  CHECK(stage.verdict() == "");
}

TEST_CASE("J12 killed while finished transactions are removed no unfinished one goes and nothing is left of the removed", "[process]") {
  Stage stage(traced({"ESCROW_RETENTION_MS=5000"}));
  KeptProcess& coordinator = stage.coordinator();
  const std::string held = stage.workplace().path("held");
  for (const Family family : families) stage.play(family);
  std::ofstream(held) << "x";
  // Stands until everything else is gone.
  const auto unfinished = stage.take([&](int first) { return std::vector<Plan>{plans_of(Family::pivot, first, stage.urls()).at(0)}; });
  stage.service(1).set_rules("service.before hold while " + held);
  auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), unfinished); });
  const auto is_there = [&] {
    return rows(stage, "transactions where gid = 't" + std::to_string(unfinished.back().transaction) + "'") == 1;
  };
  while (!is_there() && clients.wait_for(5ms) != std::future_status::ready) continue;
  // What is finished by now is old enough for the removal that is killed: the age is the fault.
  coordinator.wait_for_end(coordinator.life().number, 5s);
  const std::string broken = stage.workplace().path("broken");
  for (const std::string& point : points_of_upkeep()) {
    if (!point.starts_with("store.upkeep")) continue;
    // At 1 the probe of a log that has refused a write, which is made every second; behind it the removal.
    for (const char* hit : {"1", "2"}) {
      INFO(point << " at " << hit);
      (void)coordinator.life();
      const auto before = coordinator.endings().size();
      std::ofstream(broken) << "x";
      coordinator.set_rules("store.begin error:FULL while " + broken + "\n" + point + " kill at " + hit);
      // Never started, and nobody's plan.
      const auto refused = stage.take([&](int first) { return plans_of(Family::message, first, stage.urls()); });
      const auto answer = escrow::testing::send_http(coordinator.life().port, "POST", "/v1/transactions", refused.front().start);
      CHECK(answer.status == 503);
      wait_for_ends(coordinator, before + 1);
      std::filesystem::remove(broken);
      CHECK(coordinator.endings().size() == before + 1);
    }
  }
  CHECK(are_all_killed(coordinator));
  CHECK(coordinator.endings().size() == 6);
  const auto is_removed = [&] { return rows(stage, "transactions where finished_at_ms is not null") == 0; };
  for (int turn = 0; turn < 3'000 && !is_removed(); ++turn) coordinator.wait_for_end(coordinator.life().number, 20ms);
  CHECK(is_removed());
  CHECK(rows(stage, "transactions") == unfinished.size());
  CHECK(rows(stage, "tombstones") >= 10);
  for (const std::string table : {"requests", "branches", "outputs", "attributes"}) {
    INFO(table);
    CHECK(rows(stage, table + " where transaction_id not in (select id from transactions)") == 0);
  }
  std::filesystem::remove(held);
  clients.get();
  CHECK(coordinator.stop() == 0);
}

TEST_CASE("killed while a transaction is loaded again behind a commit in doubt it goes on from what is durable", "[process]") {
  Stage stage(traced());
  KeptProcess& coordinator = stage.coordinator();
  for (const Family family : families) {
    INFO(to_string(family));
    const auto plans = stage.take(family);
    const auto strikes = stage.strikes();
    (void)coordinator.life();
    const auto before = coordinator.endings().size();
    coordinator.set_rules("store.commit.after error:IOERR at 2\nrecovery.load kill at 1");
    run_all(stage.initiator(), plans);
    CHECK(stage.wait_for_strikes(strikes + 2));
    wait_for_ends(coordinator, before + 1);
    coordinator.set_rules("");
  }
  CHECK(are_all_killed(coordinator));
  CHECK(coordinator.endings().size() == families.size());
  CHECK(stage.verdict() == "");
}
