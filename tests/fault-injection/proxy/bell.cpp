#include "tests/fault-injection/proxy/bell.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace escrow::proxy {

async::Task<bool> wait_until(Bell& bell, boost::asio::steady_timer& timer, std::chrono::milliseconds patience,
                             const std::function<bool()>& is_done) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool done = is_done();
  while (!done && std::chrono::steady_clock::now() < deadline) {
    timer.expires_at(deadline);
    bell.waiting_.insert(&timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    bell.waiting_.erase(&timer);
    done = is_done();
  }
  co_return done;
}

}  // namespace escrow::proxy
