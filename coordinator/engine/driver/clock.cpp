#include "coordinator/engine/driver/clock.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace escrow::engine::driver {
namespace {

core::Duration since_boot() {
  // CLOCK_BOOTTIME: like the steady clock, but a suspended machine's time counts.
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<core::Duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

Clock::Clock(core::Time latest_in_log) {
  const auto wall = std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
  offset_ = std::max(wall, latest_in_log).time_since_epoch() - since_boot();
}

core::Time Clock::now() const { return core::Time(offset_ + since_boot()); }

}  // namespace escrow::engine::driver
