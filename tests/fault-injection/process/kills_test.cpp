#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <regex>
#include <set>
#include <thread>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/kills.hpp"
#include "tests/fault-injection/process/stops.hpp"

using namespace escrow::processes;

namespace {

/// Most blows must meet somebody, and at each point one must, or the test proves little: which writes share a commit is chance, so not all
/// do.
void check(const Killed& killed, double share) {
  std::printf("%s\n", killed.text().c_str());
  for (const Blow& blow : killed.missed)
    std::printf("  met nobody: %s %s at %llu\n", blow.place.point.c_str(), blow.place.context.c_str(),
                static_cast<unsigned long long>(blow.hit));
  CHECK(killed.verdict == "");
  CHECK(static_cast<double>(killed.struck) >= share * static_cast<double>(killed.set));
  CHECK(killed.deaths >= killed.struck);
  CHECK(killed.deaths >= killed.deaths_due);
  CHECK(killed.unwanted == "");
  CHECK(killed.other_ends == 0);
}

void kill_everywhere(Family family) {
  const Killed killed = strike_again(family, each_place(family));
  check(killed, 0.9);
  CHECK(killed.missed_points() == "");
  CHECK(killed.points.size() >= 15);
}

}  // namespace

TEST_CASE("A01 A02 A03 A16 A17 A18 A19 killed at each failpoint a saga is carried to its end", "[process]") {
  kill_everywhere(Family::saga);
}

TEST_CASE("A05 A06 A08 A09 A10 A11 A12 A13 A14 A15 killed at each failpoint a TCC transaction is carried to its end", "[process]") {
  kill_everywhere(Family::tcc);
}

TEST_CASE("killed at each failpoint a mixed transaction is carried to its end", "[process]") { kill_everywhere(Family::mixed); }

TEST_CASE("killed at each failpoint a transaction with a pivot is carried to its end", "[process]") { kill_everywhere(Family::pivot); }

TEST_CASE("killed at each failpoint a message is carried to its end", "[process]") { kill_everywhere(Family::message); }

TEST_CASE("A04 A07 killed behind a start or a registration with nobody who goes on the deadline runs and undoes what was tried",
          "[process]") {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  wanted.timing.timeout_ms = 700;
  Stage stage(wanted);
  const Urls urls = stage.urls();
  std::size_t struck = 0;
  for (const char* rule : {"http.answered kill in POST/v1/transactions at 1", "http.answered kill in /branches at 1",
                           "engine.written kill at 1", "engine.written kill at 2"}) {
    INFO(rule);
    // Of a transaction with two tries: the second one is never registered, and nobody says how it ends.
    const auto plans = stage.take([&](int first) {
      Plan plan = plans_of(Family::tcc, first - 1, urls, wanted.timing).at(1);
      plan.branches.resize(1);
      plan.declared.resize(1);
      plan.word = Plan::Word::none;
      plan.outcome = escrow::protocol::Status::aborted;
      return std::vector<Plan>{plan};
    });
    stage.coordinator().set_rules(rule);
    run_all(stage.initiator(), plans);
    stage.coordinator().set_rules("");
    CHECK(stage.wait_for_strikes(++struck));
  }
  // And others, at once.
  stage.play(Family::message);
  CHECK(stage.verdict() == "");
  CHECK(std::ranges::count(stage.coordinator().endings(), 137) == 4);
  for (const auto& value : stage.observed().history.log) {
    if (value->request->mode == escrow::protocol::Mode::message) continue;
    REQUIRE(value->abort_reason);
    CHECK(value->abort_reason->code == escrow::protocol::AbortCode::timeout);
  }
  const auto& effects = stage.observed().history.committed;
  CHECK(std::ranges::count(effects, escrow::protocol::OperationName::cancel, &escrow::sim::Committed::operation) >= 4);
}

TEST_CASE("A20 killed again two, three and ten times while it starts it still makes progress in the end", "[process]") {
  Killed all;
  for (const Family family : families) {
    for (const std::size_t deaths : {2U, 3U}) all.add(strike_again(family, crash_loops(family, 20 + deaths, 6, deaths)));
    all.add(strike_again(family, crash_loops(family, 30, 2, 10)));
  }
  check(all, 0.9);
  CHECK(all.deaths_due > 3 * all.struck);
}

TEST_CASE("A20 killed at each point of a start the next start is as good", "[process]") {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  Stage stage(wanted);
  KeptProcess& coordinator = stage.coordinator();
  const std::string held = stage.workplace().path("held");
  std::ofstream(held) << "x";
  // Something is unfinished in each of these starts.
  stage.service(0).set_rules("service.before hold while " + held);
  const auto plans = stage.take(Family::mixed);
  auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  const auto has_begun = [&] { return DatabaseFile(stage.log_path()).rows("select 1 from transactions").size() >= plans.size(); };
  while (!has_begun() && clients.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) continue;
  for (const std::string& point : points_of_a_start()) {
    INFO(point);
    const auto strikes = stage.strikes();
    (void)coordinator.life();
    const auto before = coordinator.endings().size();
    coordinator.plan_rules({point + " kill at 1"});
    coordinator.kill();
    CHECK(stage.wait_for_strikes(strikes + 1));
    wait_for_ends(coordinator, before + 2);
    CHECK(coordinator.endings().size() == before + 2);
  }
  std::filesystem::remove(held);
  clients.get();
  CHECK(std::ranges::all_of(coordinator.endings(), [](int ending) { return ending == 137; }));
  CHECK(stage.verdict() == "");
}

TEST_CASE("A22 SIGTERM at each failpoint ends the coordinator cleanly and loses nothing", "[process]") {
  Killed all;
  for (const Family family : families) {
    // The first place of each point: a clean end waits for the calls that are open, so not every place.
    std::vector<Blow> some;
    for (Blow& blow : each_place(family)) {
      blow.action = "term";
      const bool is_new = std::ranges::none_of(some, [&](const Blow& other) { return other.place.point == blow.place.point; });
      if (is_new) some.push_back(std::move(blow));
    }
    const Killed killed = strike_again(family, std::move(some));
    INFO(to_string(family));
    CHECK(killed.missed_points() == "");
    all.add(killed);
  }
  std::printf("%s, %llu clean ends\n", all.text().c_str(), static_cast<unsigned long long>(all.clean_ends));
  CHECK(all.verdict == "");
  CHECK(all.unwanted == "");
  CHECK(all.other_ends == 0);
  // Each stage is ended by a SIGKILL.
  CHECK(all.deaths <= all.stages);
  CHECK(all.clean_ends + all.stages >= all.struck);
}

TEST_CASE("G01 G02 G03 participants killed before and after their local commits lose nothing and do nothing twice", "[process]") {
  Killed all;
  for (const Family family : families) {
    const Killed killed = strike_services(family, 4);
    INFO(to_string(family));
    // Each of both, before its commit and behind it; how often a service is called differs.
    CHECK(killed.points.size() == 4);
    all.add(killed);
  }
  check(all, 0.7);
  CHECK(all.deaths >= 50);
}

TEST_CASE("A23 stopped at a failpoint beyond deadlines and gone on with nothing is decided from stale memory", "[process]") {
  using namespace std::chrono_literals;
  int all_stopped = 0;
  for (const Family family : families) {
    const auto places = places_of(family);
    Stage::Wanted wanted;
    wanted.timing = {600, 150};
    Stage stage(wanted);
    KeptProcess& coordinator = stage.coordinator();
    int stopped = 0;
    for (std::size_t i = 0; i < places.size(); i += 12) {
      const auto plans = stage.take(family);
      const auto life = coordinator.life();
      coordinator.set_rules(rule_at(places[i], "stop", 1, plans.front().transaction));
      auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
      const bool seen = wait_for_stop(coordinator, clients);
      // Longer than every deadline that has begun, and than every request.
      if (seen) coordinator.wait_for_end(life.number, 900ms);
      coordinator.set_rules("");
      go_on(coordinator, clients);
      clients.get();
      stopped += seen ? 1 : 0;
    }
    CHECK(stage.verdict() == "");
    CHECK(stage.last_status() == 0);
    // On a slow machine a deadline may come ahead of the later places, never of the first.
    CHECK(stopped >= 1);
    all_stopped += stopped;
  }
  std::printf("%d stops\n", all_stopped);
}

TEST_CASE("every failpoint in the sources is one at which these tests strike", "[process]") {
  std::set<std::string> known{"recovery.load"};
  // Of B15, whose test strikes at each step of the schema.
  for (const char* step : {"migration.before", "migration.written", "migration.after"}) known.insert(step);
  for (const auto& points : {points_of_a_start(), points_of_the_way_out(), points_of_upkeep()}) known.insert(points.begin(), points.end());
  // The matrices strike at each point that their families come to, or fail.
  for (const Family family : families) {
    for (const Place& place : places_of(family)) known.insert(place.point);
  }
  const std::regex place("ESCROW_FAULT_(?:POINT|ERROR)\\(\"([a-z.]+)\"");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(ESCROW_SOURCES "/coordinator")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::sregex_iterator at(text.begin(), text.end(), place), end; at != end; ++at) {
      ++found;
      INFO((*at)[1].str());
      CHECK(known.contains((*at)[1].str()));
    }
  }
  CHECK(found >= 40);
}
