#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/explore/scenarios.hpp"

/// Cases of the exploration on real processes: many at once on one pair of services and one coordinator, each with gids and addresses of
/// its own.
namespace escrow::real {

struct Case {
  const explore::Scenario* scenario = nullptr;
  std::vector<sim::Fired> faults;
};

struct Result {
  enum class What : std::uint8_t {
    /// The faults struck, everything ended, and no oracle found anything.
    sound,
    broken,
    /// It ended well, but a fault never met what it was for: it proves nothing.
    idle,
    /// Nobody can cause it here.
    not_here
  } what = What::sound;
  /// What was found, or why not.
  std::string why;
};

struct Field {
  /// Cases at once.
  int lanes = 48;
  /// Cases for one life of the processes; then everything is judged.
  std::size_t shard = 1500;
};

/// Plays them and judges what clients, log, wire and participants' files say. In the order of the cases.
[[nodiscard]] std::vector<Result> play(const std::vector<Case>& cases, const Field& field);

/// Every single fault of every canonical scenario, once and until healed.
[[nodiscard]] std::vector<Case> all_singles();

}  // namespace escrow::real
