#include "coordinator/async/persist.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace escrow::async {
namespace {

void tell(const std::function<void(std::string_view)>& failed, const std::exception_ptr& failure) noexcept {
  // To say what happened may need what is missing.
  try {
    failed(describe(failure));
  } catch (...) {
    return;
  }
}

/// False: cancelled.
Task<bool> pass(Timer& timer) {
  const auto [failure] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !failure;
}

}  // namespace

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

Task<> persist(std::function<Task<>()> work, std::function<void(std::string_view)> failed, Pauses pauses) {
  // Made while there is memory for it.
  Timer timer(co_await boost::asio::this_coro::executor);
  auto pause = pauses.first;
  for (;;) {
    const auto began = Clock::now();
    std::exception_ptr failure;
    try {
      co_await work();
      co_return;
    } catch (...) {
      failure = std::current_exception();
    }
    if (is_cancellation(failure)) std::rethrow_exception(failure);
    tell(failed, failure);
    // It went on for longer than it had to wait: this is a new failure, not the last one that lasts.
    if (Clock::now() - began > pause) pause = pauses.first;
    bool is_passed = false;
    try {
      timer.expires_after(pause);
      is_passed = co_await pass(timer);
    } catch (const boost::system::system_error&) {
      // Cancelled before the wait began.
    } catch (...) {
      std::terminate();
    }
    if (!is_passed) throw boost::system::system_error(boost::asio::error::operation_aborted);
    pause = std::min(pause * 2, pauses.longest);
  }
}

}  // namespace escrow::async
