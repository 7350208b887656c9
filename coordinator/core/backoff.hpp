#pragma once

#include <cstdint>

#include "coordinator/core/time.hpp"
#include "protocol/start_request.hpp"

/// When a call is made again (docs/protocol.md, section 4).
namespace escrow::core {

/// The longest Retry-After that is honoured.
inline constexpr Duration longest_retry_after = std::chrono::hours(1);

/// The pause after attempt `attempt` (1, 2, ...): min(max, initial * multiplier^(attempt-1)) * (1 - jitter * u), u in [0, 1). Never
/// negative, and at least a millisecond: a participant that refuses connections is not called in a tight loop.
[[nodiscard]] Duration backoff(const protocol::RetryPolicy& retry, std::int64_t attempt, double u);

/// How long the pauses after attempts `from` to `from + count - 1` are together, without jitter: when attention would have come.
[[nodiscard]] Duration backoff_sum(const protocol::RetryPolicy& retry, std::int64_t from, std::int64_t count);

}  // namespace escrow::core
