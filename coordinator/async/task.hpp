#pragma once

#include "coordinator/async/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

/// The small coroutine toolbox: tasks that somebody owns, time limits, and ways to wait. It knows no domain.
namespace escrow::async {

/// What a coroutine returns. Lazy: it runs when it is awaited, or when a TaskGroup spawns it.
/// Coroutines are named functions; a capturing lambda must not be one (style: use after scope).
template <class T = void>
using Task = boost::asio::awaitable<T>;

/// Where coroutines run. Everything in this folder is used from one thread: the executor's.
using Executor = boost::asio::any_io_executor;

}  // namespace escrow::async
