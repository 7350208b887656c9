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

// What a batch of this size must have seen at least this often: about a third of what it did see when this was written. What is too rare
// for a thousand seeds is left to the large batches, which fail when anything never happens.
constexpr std::pair<Sometimes, std::uint64_t> floors[] = {
    {Sometimes::committed, 420},
    {Sometimes::aborted, 570},
    {Sometimes::confirmed, 290},
    {Sometimes::cancelled, 320},
    {Sometimes::compensated, 220},
    {Sometimes::null_compensation, 660},
    {Sometimes::barred_forward, 80},
    {Sometimes::duplicate_suppressed, 1000},
    {Sometimes::refused_for_good, 100},
    {Sometimes::unknown_then_refused, 23},
    {Sometimes::pivot_unknown_then_refused, 2},
    {Sometimes::pivot_committed, 71},
    {Sometimes::resolved, 31},
    {Sometimes::attention, 1300},
    {Sometimes::recovered, 520},
    {Sometimes::recovered_aborting, 200},
    {Sometimes::recovered_committing, 100},
    {Sometimes::crash_in_recovery, 62},
    {Sometimes::unknown_write_applied, 86},
    {Sometimes::unknown_write_lost, 100},
    {Sometimes::amnesia, 610},
    {Sometimes::drained, 43},
    {Sometimes::deadline_aborted, 290},
    {Sometimes::attempts_exhausted, 83},
    {Sometimes::aborted_by_initiator, 96},
    {Sometimes::late_registration_refused, 81},
    {Sometimes::late_commit_refused, 58},
    {Sometimes::gid_conflict, 110},
    {Sometimes::branch_conflict, 12},
    {Sometimes::start_repeated, 660},
    {Sometimes::past_pivot, 1},
    {Sometimes::check_committed, 2},
    {Sometimes::check_refused, 35},
    {Sometimes::late_answer_counted, 24},
    {Sometimes::overloaded, 100},
    {Sometimes::told_at_the_end, 450},
    {Sometimes::recovered_active, 220},
    {Sometimes::several_runs, 120},
    {Sometimes::message_sent, 370},
    {Sometimes::message_recorded, 47},
    {Sometimes::message_barred, 38},
    {Sometimes::graph_committed, 86},
    {Sometimes::graph_aborted, 140},
    {Sometimes::mixed_committed, 79},
    {Sometimes::mixed_aborted, 92},
    {Sometimes::interactive_committed, 150},
    {Sometimes::interactive_aborted, 280},
    {Sometimes::empty_commit, 19},
    {Sometimes::pivot_refused, 4},
    {Sometimes::skipped, 2000},
    {Sometimes::attention_on_forward, 170},
    {Sometimes::attention_on_confirm, 420},
    {Sometimes::attention_on_undo, 1100},
    {Sometimes::attention_on_check, 16},
    {Sometimes::forward_refused, 74},
    {Sometimes::forward_in_progress, 95},
    {Sometimes::forward_postponed, 82},
    {Sometimes::forward_unknown, 670},
    {Sometimes::final_refused, 750},
    {Sometimes::final_in_progress, 140},
    {Sometimes::final_postponed, 140},
    {Sometimes::final_unknown, 1800},
    {Sometimes::check_unknown, 43},
    {Sometimes::answer_to_the_dead, 11},
    {Sometimes::extended, 19},
    {Sometimes::retried_now, 120},
    {Sometimes::store_unavailable, 110},
    {Sometimes::draining, 6},
    {Sometimes::unknown_gid, 75},
    {Sometimes::removed, 23},
    {Sometimes::damaged, 1},
    {Sometimes::late_answer_ignored, 210},
    {Sometimes::deadline_beat_commit, 16},
    {Sometimes::commit_beat_deadline, 33},
    {Sometimes::clock_jump_with_deadline, 64},
    {Sometimes::shared_account, 200},
    {Sometimes::looked_in_between, 610},
    {Sometimes::conflict, 350},
    {Sometimes::lost_write_returned, 2},
    {Sometimes::late_write, 5},
    {Sometimes::late_write_kept_out, 15},
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
    sim::Script script{.faults = drawn.fired()};
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
