#include "tests/fault-injection/http/virtual_time.hpp"

namespace escrow::http_faults {

// Not the epoch, which no steady clock shows.
async::Clock::time_point VirtualTime::now_{std::chrono::hours(1000)};

void run_ready(boost::asio::io_context& io) {
  static async::Clock::time_point ran_at;
  io.restart();
  if (ran_at != VirtualTime::now()) {
    // The kernel wakes Asio for its timers, in real time. One that is due at once makes it look at all of them.
    ran_at = VirtualTime::now();
    async::Timer due(io, async::Clock::time_point());
    due.async_wait([](const boost::system::error_code&) {});
    io.poll();
    return;
  }
  io.poll();
}

}  // namespace escrow::http_faults

namespace escrow::async {

Clock::time_point Clock::now() noexcept { return http_faults::VirtualTime::now(); }

}  // namespace escrow::async
