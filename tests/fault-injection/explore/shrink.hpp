#pragma once

#include <optional>
#include <string>

#include "tests/fault-injection/explore/case.hpp"

/// Makes a failing run small: fewer transactions, branches and faults, ordinary settings and delays, as long as the same oracle fails.
namespace escrow::explore {

struct Shrunk {
  Case what;
  /// Faults, without the choices that clients and operators made.
  std::size_t faults = 0;
  std::size_t runs = 0;
  /// By the clock on the wall.
  double seconds = 0;
};

/// The run of `seed` as a case; nothing: `oracle` has nothing against it.
[[nodiscard]] std::optional<Case> case_of_seed(std::uint64_t seed, const std::string& oracle);

/// `failing` must fail with its oracle. Stops after `seconds` with the smallest found by then.
[[nodiscard]] Shrunk shrink(const Case& failing, double seconds = 5);

}  // namespace escrow::explore
