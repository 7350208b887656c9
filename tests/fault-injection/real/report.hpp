#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/real/field.hpp"

/// What was tried on real processes and what came of it: the same table as the simulation's, with the same names.
namespace escrow::real {

struct Totals {
  std::size_t cases = 0;
  std::size_t sound = 0;
  std::size_t broken = 0;
  std::size_t idle = 0;
  std::size_t not_here = 0;
};
[[nodiscard]] Totals totals_of(const std::vector<Result>& results);

/// What was tried, in one sentence; `of` is how many cases there are altogether.
[[nodiscard]] std::string bound_of(const std::vector<Result>& results, std::size_t of, double seconds);
[[nodiscard]] std::string markdown_of(const std::vector<Case>& cases, const std::vector<Result>& results, std::size_t of, double seconds);
/// One object a line for each case.
[[nodiscard]] std::string lines_of(const std::vector<Case>& cases, const std::vector<Result>& results);

}  // namespace escrow::real
