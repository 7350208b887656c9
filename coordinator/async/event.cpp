#include "coordinator/async/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace escrow::async {

void Event::set() {
  is_set_ = true;
  for (Waiter& waiter : waiters_) {
    waiter.woken = true;
    waiter.timer.cancel();
  }
}

Task<> Event::wait() { co_await wait_until(Clock::time_point::max()); }

Task<bool> Event::wait_until(Clock::time_point deadline) {
  if (is_set_) co_return true;
  // The entry leaves the list however this frame ends, also when the io_context is destroyed under it.
  struct Registration {
    std::list<Waiter>& list;
    std::list<Waiter>::iterator entry;
    ~Registration() { list.erase(entry); }
  };
  const Registration registration{waiters_, waiters_.insert(waiters_.end(), Waiter{.timer = Timer(executor_, deadline)})};
  Waiter& waiter = *registration.entry;
  const auto [failure] = co_await waiter.timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (waiter.woken) co_return true;
  if (failure) throw boost::system::system_error(boost::asio::error::operation_aborted);
  co_return false;
}

}  // namespace escrow::async
