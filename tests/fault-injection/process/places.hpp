#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/process/plan.hpp"
#include "tests/fault-injection/process/stage.hpp"

/// Where something can be made to go wrong: the failpoints that a run without faults comes to, with whose turn it is there.
namespace escrow::processes {

struct Place {
  std::string point;
  /// With `{0}`, `{1}`, ... for the gids of a family's transactions, so that it can be found again with other ones.
  std::string context;
  /// How often the run came there.
  std::uint64_t hits = 0;
};

/// What stands in a trace (FAULT_POINTS_TRACE), each place once, in the order of their first hits; gids are numbered from `first`.
[[nodiscard]] std::vector<Place> places_in(const std::string& trace_path, int first);

/// Plays the family on a new stage without faults and answers the places that it came to after the start.
[[nodiscard]] std::vector<Place> places_of(Family family);

/// A rule for that place, when the family's transactions are numbered from `first`.
[[nodiscard]] std::string rule_at(const Place& place, const std::string& action, std::uint64_t hit, int first);

}  // namespace escrow::processes
