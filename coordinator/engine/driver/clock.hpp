#pragma once

#include "coordinator/core/time.hpp"

namespace escrow::engine::driver {

/// The clock of schedule and record. It starts at the wall clock, or at the latest time in the log if the wall clock is behind it, and
/// then follows the boot-time clock: no jump of the wall clock moves a deadline, time in which the machine slept counts, and time in the
/// log never turns back (docs/adr/0003-one-clock.md). Any thread.
class Clock {
 public:
  explicit Clock(core::Time latest_in_log);

  [[nodiscard]] core::Time now() const;

 private:
  core::Duration offset_;
};

}  // namespace escrow::engine::driver
