#pragma once

#include "coordinator/async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace escrow::async {

/// Runs `work` until `deadline`. A value: it ended in time. Nothing: the deadline came first; `work` was cancelled and
/// has ended before this returns. An exception: the one that `work` ended with, or operation_aborted when the awaiting
/// coroutine itself was cancelled: a time-out and a shutdown are different answers. `T` is default constructible.
///
/// It costs a timer and three allocations: for a time limit per message see DeadlineQueue.
template <class T>
Task<std::optional<T>> with_deadline(Task<T> work, Clock::time_point deadline) {
  namespace asio = boost::asio;
  const Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  auto [order, work_failure, value, timer_failure] =
      co_await asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                                       timer.async_wait(asio::deferred))
          .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  // A result that came together with the deadline is still the better answer.
  if (!work_failure) co_return std::optional<T>(std::move(value));
  if (order[0] == 1 && !timer_failure) co_return std::nullopt;
  std::rethrow_exception(work_failure);
}

/// The same for work without a value: true when it ended in time.
inline Task<bool> with_deadline(Task<void> work, Clock::time_point deadline) {
  namespace asio = boost::asio;
  const Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  auto [order, work_failure, timer_failure] =
      co_await asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                                       timer.async_wait(asio::deferred))
          .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!work_failure) co_return true;
  if (order[0] == 1 && !timer_failure) co_return false;
  std::rethrow_exception(work_failure);
}

}  // namespace escrow::async
