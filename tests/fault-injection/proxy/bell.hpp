#pragma once

#include <chrono>
#include <functional>
#include <unordered_set>

#include <boost/asio/steady_timer.hpp>

#include "coordinator/async/task.hpp"

/// Wakes who waits for something to change: an entry of the ledger, a rule that goes, a link that moves again.
namespace escrow::proxy {

class Bell {
 public:
  /// Everyone that waits looks again.
  void ring() {
    for (auto* timer : waiting_) timer->cancel();
  }

 private:
  friend async::Task<bool> wait_until(Bell& bell, boost::asio::steady_timer& timer, std::chrono::milliseconds patience,
                                      const std::function<bool()>& is_done);
  std::unordered_set<boost::asio::steady_timer*> waiting_;
};

/// Asks at every ring. False: the patience is over. What `is_done` refers to must outlive the wait. `timer` must not be in use; who
/// cancels it makes the wait ask again, too.
[[nodiscard]] async::Task<bool> wait_until(Bell& bell, boost::asio::steady_timer& timer, std::chrono::milliseconds patience,
                                           const std::function<bool()>& is_done);

}  // namespace escrow::proxy
