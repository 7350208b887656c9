#include <catch2/catch.hpp>
#include <sstream>

#include "tests/fault-injection/oracles/history_file.hpp"
#include "tests/fault-injection/sim/batch.hpp"

using namespace escrow;

namespace {

std::string verdict_of(const sim::History& history) {
  std::string text;
  for (const auto& violation : oracles::judge(oracles::Evidence(history))) {
    text.append(violation.oracle).append(" ").append(std::to_string(violation.transaction)).append(" ").append(violation.what).append("\n");
  }
  return text;
}

}  // namespace

TEST_CASE("a history that was written down is the same history when it is read", "[simulation]") {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    // Sound runs, and some in which the oracles have something to say.
    const auto bug = seed % 3 == 0 ? sim::Bug::second_phase_twice : seed % 3 == 1 ? sim::Bug::tells_the_end_early : sim::Bug::none;
    sim::World world({.seed = seed, .bug = bug});
    world.run();
    std::stringstream file;
    oracles::write_history(world.history(), file);
    const auto read = oracles::read_history(file);
    INFO("seed " << seed << (read ? "" : ": " + read.error().detail));
    REQUIRE(read.has_value());
    CHECK(sim::hash_of(*read) == sim::hash_of(world.history()));
    const std::string verdict = verdict_of(world.history());
    CHECK(verdict_of(*read) == verdict);
    found += verdict.empty() ? 0 : 1;
  }
  CHECK(found > 10);
}

TEST_CASE("a line that is no event is told by its number", "[simulation]") {
  std::stringstream file("{\"event\":\"damaged\",\"transaction\":1}\n{\"event\":\"gossip\"}\n");
  const auto read = oracles::read_history(file);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().detail.starts_with("line 2: "));
}
