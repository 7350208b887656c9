#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

#include "tests/fault-injection/sim/batch.hpp"
#include "tests/fault-injection/sim/identities.hpp"

using namespace escrow;
using oracles::Sometimes;

namespace {

constexpr std::uint64_t seeds = 1'000;

// What a batch of this size must have seen at least this often; about a third of what it did see when this was written.
constexpr std::pair<Sometimes, std::uint64_t> floors[] = {
    {Sometimes::committed, 400},
    {Sometimes::aborted, 400},
    {Sometimes::confirmed, 200},
    {Sometimes::cancelled, 200},
    {Sometimes::compensated, 150},
    {Sometimes::null_compensation, 300},
    {Sometimes::barred_forward, 200},
    {Sometimes::duplicate_suppressed, 500},
    {Sometimes::refused_for_good, 80},
    {Sometimes::unknown_then_refused, 15},
    {Sometimes::pivot_unknown_then_refused, 1},
    {Sometimes::pivot_committed, 50},
    {Sometimes::resolved, 10},
    {Sometimes::attention, 500},
    {Sometimes::recovered, 300},
    {Sometimes::recovered_aborting, 80},
    {Sometimes::recovered_committing, 50},
    {Sometimes::crash_in_recovery, 100},
    {Sometimes::unknown_write_applied, 50},
    {Sometimes::unknown_write_lost, 50},
    {Sometimes::amnesia, 200},
    {Sometimes::drained, 20},
    {Sometimes::deadline_aborted, 150},
    {Sometimes::attempts_exhausted, 30},
    {Sometimes::aborted_by_initiator, 60},
    {Sometimes::late_registration_refused, 50},
    {Sometimes::late_commit_refused, 40},
    {Sometimes::gid_conflict, 60},
    {Sometimes::branch_conflict, 8},
    {Sometimes::start_repeated, 400},
    {Sometimes::past_pivot, 1},
    {Sometimes::check_committed, 5},
    {Sometimes::check_refused, 10},
    {Sometimes::late_answer_counted, 10},
    {Sometimes::overloaded, 30},
    {Sometimes::told_at_the_end, 200},
};

}  // namespace

TEST_CASE("a thousand seeds break no invariant, and enough happens in them", "[simulation]") {
  oracles::Tally tally;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto verdict = sim::run_seed(seed, sim::Bug::none, tally);
    if (verdict.violations.empty()) continue;
    FAIL(sim::report(verdict));
  }
  for (const auto& [what, floor] : floors) {
    INFO(oracles::name_of(what));
    CHECK(tally[what] >= floor);
  }
  for (std::size_t point = 0; point < sim::fault_points; ++point) {
    INFO(sim::describe(static_cast<sim::Point>(point)).name);
    CHECK(tally.fired[point] > 0);
  }
}

TEST_CASE("what happened in a run is a script that repeats it", "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sim::World drawn({.seed = seed});
    drawn.run();
    sim::Script script{drawn.fired(), false};
    for (sim::Fired& fault : script.faults) {
      // By way of what a scenario file says of it.
      std::string why;
      const auto read = sim::fault_from(sim::text_of(fault), why);
      INFO(why << sim::text_of(fault));
      REQUIRE(read);
      CHECK(*read == fault);
      fault = *read;
    }
    sim::World scripted({.seed = seed, .script = &script});
    scripted.run();
    INFO("seed " << seed);
    CHECK(sim::hash_of(drawn.history()) == sim::hash_of(scripted.history()));
  }
}

TEST_CASE("the same seed gives the same history", "[simulation]") {
  // 5 % of the batch, run twice.
  for (std::uint64_t seed = 20; seed <= seeds; seed += 20) {
    oracles::Tally tally;
    const auto once = sim::run_seed(seed, sim::Bug::none, tally).hash;
    const auto again = sim::run_seed(seed, sim::Bug::none, tally).hash;
    INFO("seed " << seed);
    CHECK(once == again);
  }
}
