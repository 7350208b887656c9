#include "coordinator/core/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace escrow::core {

Duration backoff(const protocol::RetryPolicy& retry, std::int64_t attempt, double u) {
  const auto longest = static_cast<double>(retry.max_ms);
  // pow overflows to infinity for late attempts, which min() turns into the longest pause.
  const double grown =
      static_cast<double>(retry.initial_ms) * std::pow(retry.multiplier, static_cast<double>(std::max<std::int64_t>(attempt, 1) - 1));
  const double pause = std::min(longest, grown) * (1.0 - retry.jitter * u);
  return Duration(std::max<std::int64_t>(1, static_cast<std::int64_t>(pause)));
}

Duration backoff_sum(const protocol::RetryPolicy& retry, std::int64_t from, std::int64_t count) {
  Duration sum{0};
  for (std::int64_t i = 0; i < count; ++i) {
    const Duration pause = backoff(retry, from + i, 0);
    // From the longest pause on all are equal; attention_after may be large, the loop must not be.
    if (pause >= Duration(retry.max_ms) || retry.multiplier == 1.0) {
      const std::int64_t rest = count - i;
      constexpr std::int64_t century_ms = 3'155'760'000'000;
      return sum + Duration(rest > century_ms / pause.count() ? century_ms : rest * pause.count());
    }
    sum += pause;
  }
  return sum;
}

}  // namespace escrow::core
