#pragma once

#include <boost/asio/basic_waitable_timer.hpp>

#include <chrono>

namespace escrow::async {

/// The clock of every time limit: the steady one, which never jumps. It has a name of its own, and its `now` lies alone in
/// its object file, so that a test program that brings another `now` runs all of this in a time of its own.
struct Clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  static time_point now() noexcept;
};

/// Waits on that clock.
using Timer = boost::asio::basic_waitable_timer<Clock>;

}  // namespace escrow::async
