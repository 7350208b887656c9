#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/fault-injection/explore/scenarios.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

/// Tries every fault of a scenario, once and until healed, and every second fault behind every first one, each of them once.
namespace escrow::explore {

/// What one fault point was tried with in a scenario. Without a second fault: a single.
struct Attempt {
  std::vector<sim::Fired> faults;
  /// Runs with the same course of accepted log writes and participants' local transactions are of one class.
  std::uint64_t course = 0;
  /// How each transaction ended, as `t0 committed, t1 none`.
  std::string outcome;
  /// What the oracles said, as `S1 t0: ...`; empty: nothing.
  std::vector<std::string> violations;
};

struct Report {
  const Scenario* scenario = nullptr;
  /// Fault points of the clean run, and of all runs with one fault.
  std::size_t points = 0;
  std::size_t points_discovered = 0;
  std::vector<Attempt> singles;
  /// Singles that ran the course of the run without a fault: they show that it is absorbed, and no more.
  std::uint64_t unchanged = 0;
  /// Singles of a fault that the protocol absorbs, once: each must leave the outcome of the run without it.
  std::uint64_t absorbed = 0;
  /// The singles once more with the product's rows behind the log; of these, only those that broke something.
  std::uint64_t singles_on_rows = 0;
  std::vector<Attempt> bad_on_rows;
  std::uint64_t pairs = 0;
  /// Of pairs, only those that broke something.
  std::vector<Attempt> bad_pairs;
  /// By course and kind of the last fault (the same course may lead through quite different code where processes are real): the first
  /// attempt that took it, a single wherever one did.
  std::map<std::pair<std::uint64_t, std::string>, std::vector<sim::Fired>> classes;
  /// One in twenty of the pairs that are not there, because their class and kind had a member already: a check on that reduction where
  /// processes are real.
  std::vector<std::vector<sim::Fired>> skipped;
  std::size_t courses = 0;
};

struct Depth {
  bool pairs = false;
  /// Only every so-many-th pair, for a look at the rest of the time there is; 1: all.
  std::uint64_t every = 1;
  unsigned threads = 1;
};

/// Deterministic: the same report on every machine and with any number of threads.
[[nodiscard]] Report explore(const Scenario& scenario, const Depth& depth);

/// Whether the protocol promises that this fault changes nothing of how transactions end: what is lost is asked again, what comes twice is
/// done once, who dies starts again, and who is slow is waited for. Not what lasts, what is decided by somebody, or what strikes the
/// initiator's own work: it draws its own conclusions.
[[nodiscard]] bool is_absorbed(const Scenario& scenario, const sim::Fired& fault);

/// The name of the fault's point, and whether it lasts.
[[nodiscard]] std::string kind_of(const sim::Fired& fault);

}  // namespace escrow::explore
