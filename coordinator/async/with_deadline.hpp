#pragma once

#include "coordinator/async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <optional>
#include <tuple>
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
  Timer timer(executor, deadline);
  // Named, because g++ 12 destroys some temporaries of a co_await expression twice.
  auto race =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred), timer.async_wait(asio::deferred));
  auto outcome = co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const std::exception_ptr failure = std::get<1>(outcome);
  // A result that came together with the deadline is still the better answer.
  if (!failure) co_return std::optional<T>(std::move(std::get<2>(outcome)));
  const bool deadline_was_first = std::get<0>(outcome)[0] == 1 && !std::get<3>(outcome);
  if (deadline_was_first) co_return std::nullopt;
  std::rethrow_exception(failure);
}

/// The same for work without a value: true when it ended in time.
inline Task<bool> with_deadline(Task<void> work, Clock::time_point deadline) {
  namespace asio = boost::asio;
  const Executor executor = co_await asio::this_coro::executor;
  Timer timer(executor, deadline);
  auto race =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred), timer.async_wait(asio::deferred));
  const auto outcome = co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const std::exception_ptr failure = std::get<1>(outcome);
  if (!failure) co_return true;
  const bool deadline_was_first = std::get<0>(outcome)[0] == 1 && !std::get<2>(outcome);
  if (deadline_was_first) co_return false;
  std::rethrow_exception(failure);
}

}  // namespace escrow::async
