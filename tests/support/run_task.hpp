#pragma once

#include "coordinator/async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <utility>

namespace escrow::testing {

/// Runs one task to its end on `io`, with everything else that is going on there, and returns what it returns.
template <class T>
T run(boost::asio::io_context& io, async::Task<T> task) {
  std::future<T> result = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
  io.restart();
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (io.run_one() == 0) break;  // nothing left to run: the future says why
  }
  return result.get();
}

}  // namespace escrow::testing
