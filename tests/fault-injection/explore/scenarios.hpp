#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/sim/faults.hpp"
#include "tests/fault-injection/sim/shape.hpp"

/// The canonical scenarios: small transactions of every mode with one typical course each, in which every fault is tried.
namespace escrow::explore {

struct Scenario {
  std::string name;
  /// One sentence: what happens if nothing goes wrong.
  std::string course;
  std::vector<sim::Shape> shapes;
  /// How t0 ends.
  std::string outcome;
  /// What makes it take its course: a refusal, a client that dies, an initiator that changes its mind.
  std::vector<sim::Fired> script;
};

/// Each exists twice: alone, and (`+other`) with a second transaction at the same time and on the same accounts.
[[nodiscard]] std::span<const Scenario> scenarios();
/// Null: no such scenario.
[[nodiscard]] const Scenario* scenario_named(std::string_view name);

}  // namespace escrow::explore
