#pragma once

#include "coordinator/async/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace escrow::http_faults {

/// The time that every limit of a program with this in it goes by (see coordinator/async/clock.hpp): it stands still until it is moved.
class VirtualTime {
 public:
  static async::Clock::time_point now() { return now_; }
  static void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  static async::Clock::time_point now_;
};

/// Runs everything that can run now.
void run_ready(boost::asio::io_context& io);

}  // namespace escrow::http_faults
