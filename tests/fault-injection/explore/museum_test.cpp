#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "protocol/planted_bug.hpp"
#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/explore/explorer.hpp"
#include "tests/fault-injection/mutants/hunt.hpp"

// The museum: each file plants one bug, ours or a class of bugs that others have shipped, and the run that it describes gives it away.

using namespace escrow;

namespace {

std::vector<std::filesystem::path> museum() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(ESCROW_MUSEUM)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

}  // namespace

TEST_CASE("every case of the museum is found again", "[simulation]") {
  const auto files = museum();
  REQUIRE(files.size() >= 30);
  for (const auto& file : files) {
    INFO(file.filename().string());
    const auto what = explore::read_case(file);
    const auto bug = mutants::bug_named(what.planted);
    REQUIRE(bug);
    planted::choose(what.planted);
    explore::CaseRun run(what);
    run.run();
    planted::choose("");
    if (run.is_found_by(what.oracle)) continue;
    // The product or the simulator has changed and takes another way now: then any way will do, and the file is to be made anew.
    WARN(file.filename().string() << " takes another way now: ./dev museum makes it anew");
    CHECK(mutants::hunt(*bug, {.seeds = 20'000, .seconds = 20}).seed > 0);
  }
}

TEST_CASE("without its bug every case of the museum is sound", "[simulation]") {
  planted::choose("");
  for (const auto& file : museum()) {
    explore::CaseRun run(explore::read_case(file));
    run.run();
    INFO(file.filename().string());
    for (const auto& violation : run.violations()) {
      INFO(violation.oracle << " t" << violation.transaction << ": " << violation.what);
      CHECK(false);
    }
  }
}

TEST_CASE("what gives a planted bug away is small: three faults at most in half of the cases, and six in nearly all", "[simulation]") {
  std::vector<std::ptrdiff_t> sizes;
  for (const auto& file : museum()) {
    const auto what = explore::read_case(file);
    sizes.push_back(std::ranges::count_if(what.faults, [](const sim::Fired& fault) { return sim::is_fault(fault.point); }));
  }
  std::ranges::sort(sizes);
  CHECK(sizes[sizes.size() / 2] <= 3);
  CHECK(sizes[sizes.size() * 95 / 100] <= 6);
}

TEST_CASE("a coordinator that gives up what it has to absorb is found by how its transactions end", "[simulation]") {
  const auto* scenario = explore::scenario_named("saga-3");
  REQUIRE(scenario != nullptr);
  planted::choose("gives_up_after_one_attempt");
  const auto report = explore::explore(*scenario, {});
  planted::choose("");
  CHECK(std::ranges::any_of(report.singles, [](const explore::Attempt& attempt) {
    return std::ranges::any_of(attempt.violations, [](const auto& violation) { return violation.starts_with("outcome: t0 aborted"); });
  }));
}
