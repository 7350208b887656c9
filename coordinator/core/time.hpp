#pragma once

#include <chrono>
#include <cstdint>

/// Time as `core` sees it: given from outside with every event, never read. One clock serves schedule and record: milliseconds since
/// the Unix epoch, anchored to the wall clock when the process starts and counted on the monotonic one from then on, so that a jump of
/// the wall clock never moves a deadline (docs/adr/0003-one-clock.md).
namespace escrow::core {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

[[nodiscard]] constexpr std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }
[[nodiscard]] constexpr Time from_ms(std::int64_t ms) { return Time(Duration(ms)); }

}  // namespace escrow::core
