#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/explore/coverage.hpp"
#include "tests/fault-injection/explore/explorer.hpp"
#include "tests/fault-injection/sim/identities.hpp"

using namespace escrow;

TEST_CASE("each canonical scenario takes its course", "[simulation]") {
  for (const explore::Scenario& scenario : explore::scenarios()) {
    explore::Case clean;
    clean.scenario = scenario.name;
    clean.outcomes[0] = scenario.outcome;
    if (scenario.shapes.size() > 1) clean.outcomes[1] = "committed";
    explore::CaseRun run(clean);
    run.run();
    INFO(scenario.name);
    CHECK(explore::complaints(clean, run).empty());
    for (const sim::Fired& fault : scenario.script) {
      INFO(sim::text_of(fault));
      CHECK(std::ranges::any_of(run.faults().fired(), [&](const sim::Fired& one) { return one.point == fault.point; }));
    }
  }
}

TEST_CASE("every single fault in every canonical scenario breaks no invariant, once and until healed", "[simulation]") {
  std::size_t points = 0;
  std::size_t singles = 0;
  std::size_t absorbed = 0;
  for (const explore::Scenario& scenario : explore::scenarios()) {
    const auto report = explore::explore(scenario, {});
    for (const auto& attempt : report.singles) {
      if (attempt.violations.empty()) continue;
      INFO(scenario.name << " with " << sim::text_of(attempt.faults.front()));
      CHECK(attempt.violations.front() == "");
    }
    CHECK(report.singles_on_rows == report.singles.size());
    CHECK(report.bad_on_rows.empty());
    points += report.points;
    singles += report.singles.size();
    absorbed += report.absorbed;
  }
  // Every point twice; and so many points that nobody has quietly taken half of them away.
  CHECK(singles == points * 2);
  CHECK(points > 6'000);
  // Of these, those that must leave the outcome as it is: what is lost, late, twice, or dies and comes back.
  CHECK(absorbed > points * 3 / 4);
}

TEST_CASE("an exploration says the same with any number of threads", "[simulation]") {
  const auto* scenario = explore::scenario_named("message-check");
  REQUIRE(scenario != nullptr);
  const explore::Depth one{.pairs = true, .every = 7, .threads = 1};
  const explore::Depth three{.pairs = true, .every = 7, .threads = 3};
  const std::vector<explore::Report> first{explore::explore(*scenario, one)};
  const std::vector<explore::Report> second{explore::explore(*scenario, three)};
  CHECK(explore::json_of(first, one) == explore::json_of(second, one));
  CHECK(explore::classes_of(first) == explore::classes_of(second));
  CHECK(explore::skipped_of(first) == explore::skipped_of(second));
  CHECK(first.front().pairs > 500);
  // A twentieth of what has no class of its own.
  CHECK(first.front().skipped.size() * 10 > (first.front().pairs - first.front().classes.size()) / 4);
}

TEST_CASE("a broken invariant stands in all three forms of the coverage table", "[simulation]") {
  const auto* scenario = explore::scenario_named("message");
  REQUIRE(scenario != nullptr);
  std::vector<explore::Report> reports{explore::explore(*scenario, {})};
  reports.front().singles.front().violations.push_back("S1 t0: made up");
  CHECK(explore::markdown_of(reports, {}).find("made up") != std::string::npos);
  CHECK(explore::json_of(reports, {}).find("\"singles_bad\": 1") != std::string::npos);
  CHECK(explore::html_of(reports, {}).find("class=\"bad\"") != std::string::npos);
}

TEST_CASE("an outage that lasts is one of its own service", "[simulation]") {
  explore::Case what;
  what.scenario = "saga-3";
  std::string why;
  what.faults.push_back(*sim::fault_from("net.service_down process at 1 until healed", why));
  explore::CaseRun run(what);
  run.run();
  CHECK(run.violations().empty());
  std::size_t struck = 0;
  for (const sim::Fired& fault : run.faults().fired()) {
    if (fault.point != sim::Point::service_down) continue;
    CHECK(fault.identity.place == 1);
    ++struck;
  }
  CHECK(struck > 1);
}

TEST_CASE("a scenario file is read back as it was written", "[simulation]") {
  explore::Case what;
  what.title = "A \"title\" with a \\ in it";
  what.covers = {"A03", "D01"};
  what.seed = 17;
  what.taking_part = 0b101;
  what.most_branches = 2;
  what.is_plain = true;
  what.planted = "some_bug";
  what.oracle = "S1";
  what.sees = {"gid conflict"};
  what.outcomes[2] = "aborted";
  std::string why;
  for (const char* line : {"net.answer_lost t0 b1 confirm attempt 2 #1 until healed", "coordinator.crash t0 ended.try attempt 1 at 2"})
    what.faults.push_back(*sim::fault_from(line, why));
  const auto file = std::filesystem::temp_directory_path() / "escrow-a-scenario-file-is-read-back.yaml";
  std::ofstream(file) << explore::text_of(what);
  const auto read = explore::read_case(file);
  std::filesystem::remove(file);
  CHECK(explore::text_of(read) == explore::text_of(what));
  CHECK(read.faults == what.faults);
}

TEST_CASE("a case says so when a fault of it never happens or a transaction ends otherwise", "[simulation]") {
  explore::Case what;
  what.scenario = "tcc-2-driven";
  std::string why;
  what.faults.push_back(*sim::fault_from("net.answer_lost t7 b1 confirm", why));
  what.outcomes[0] = "aborted";
  what.sees = {"committed", "attention on a confirm", "a thing that has no name"};
  explore::CaseRun run(what);
  run.run();
  CHECK(explore::complaints(what, run).size() == 4);
  CHECK_FALSE(sim::fault_from("net.answer_lost t0 b1 konfirm", why));
  CHECK_FALSE(sim::fault_from("net.answer_mislaid t0", why));
}

TEST_CASE("every scenario file runs as it says", "[simulation]") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ESCROW_SCENARIOS)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const auto what = explore::read_case(entry.path());
    explore::CaseRun run(what);
    run.run();
    for (const auto& complaint : explore::complaints(what, run)) {
      INFO(entry.path().filename().string() << ": " << complaint);
      CHECK(false);
    }
  }
  CHECK(files >= 60);
}
