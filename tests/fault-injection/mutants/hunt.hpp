#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/mutants/planted_bugs.hpp"

/// Looks for the seed that gives a planted bug away.
namespace escrow::mutants {

struct Limits {
  /// 0: the bug's own.
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 100'000;
  double seconds = 60;
};

struct Kill {
  /// The first seed with which the named oracle found it; 0: none did.
  std::uint64_t seed = 0;
  /// Processor time until then.
  double seconds = 0;
  /// What that oracle said.
  std::string what;
  /// The other oracles that found it in the same run, by their ids.
  std::string others;
  /// Set when the run ended the process: an assertion of the product found it, and no oracle.
  bool died = false;
};

/// Runs in a process of its own, since an assertion of the product may be what finds the bug.
[[nodiscard]] Kill hunt(const PlantedBug& bug, const Limits& limits);

/// Ten of all, others each day: which ones follows from `day` (days since 1970).
[[nodiscard]] std::vector<PlantedBug> ten_of_the_day(std::int64_t day);

}  // namespace escrow::mutants
