#include "coordinator/server/stream/log_turns.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include <optional>
#include <string>

#include "coordinator/async/task_group.hpp"
#include "tests/support/run_task.hpp"

using namespace escrow;
using namespace escrow::server;
using escrow::testing::run;

namespace {

constexpr auto never = async::Clock::time_point::max();

/// Takes the turn again and again, and is back in the queue at once, as a reader is whose pages hold nothing that it wants.
async::Task<> read_pages(LogTurns& turns, char name, int pages, std::string& order) {
  for (int page = 0; page < pages; ++page) {
    LogTurn turn(turns);
    co_await turn.come(never);
    order.push_back(name);
    // The page is on its way.
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  }
}

async::Task<> join(async::TaskGroup& group) { co_await group.join(); }

async::Task<bool> is_called_now(LogTurn& turn) { co_return co_await turn.come(async::Clock::now()); }

}  // namespace

TEST_CASE("readers of the log take turns, whoever comes back at once", "[stream]") {
  boost::asio::io_context io;
  LogTurns turns(io.get_executor());
  std::string order;
  async::TaskGroup readers(io.get_executor());
  for (const char name : {'a', 'b', 'c'}) readers.spawn(read_pages(turns, name, 4, order));
  run(io, join(readers));
  CHECK(order == "abcabcabcabc");
}

TEST_CASE("a reader that has something else to do is passed over and keeps its place", "[stream]") {
  boost::asio::io_context io;
  LogTurns turns(io.get_executor());
  std::optional<LogTurn> first(std::in_place, turns);
  CHECK(run(io, is_called_now(*first)));
  std::optional<LogTurn> second(std::in_place, turns);
  std::optional<LogTurn> third(std::in_place, turns);
  CHECK_FALSE(run(io, is_called_now(*second)));
  CHECK_FALSE(run(io, is_called_now(*third)));
  first.reset();
  // Nobody waits just now: the turn is there for who asks first, and then for who has the first place.
  CHECK(run(io, is_called_now(*third)));
  std::optional<LogTurn> fourth(std::in_place, turns);
  std::string order;
  async::TaskGroup readers(io.get_executor());
  readers.spawn(read_pages(turns, 'x', 1, order));
  third.reset();
  run(io, join(readers));
  CHECK(order == "x");
  CHECK(run(io, is_called_now(*second)));
  CHECK_FALSE(run(io, is_called_now(*fourth)));
  second.reset();
  CHECK(run(io, is_called_now(*fourth)));
}

TEST_CASE("a reader that is cancelled gives its place up, and its turn", "[stream]") {
  boost::asio::io_context io;
  LogTurns turns(io.get_executor());
  std::string order;
  std::optional<LogTurn> first(std::in_place, turns);
  CHECK(run(io, is_called_now(*first)));
  {
    async::TaskGroup gone(io.get_executor());
    gone.spawn(read_pages(turns, 'g', 1, order));
    io.restart();
    io.poll();
    gone.cancel();
    run(io, join(gone));
  }
  async::TaskGroup readers(io.get_executor());
  readers.spawn(read_pages(turns, 'a', 1, order));
  io.restart();
  io.poll();
  CHECK(order.empty());
  first.reset();
  run(io, join(readers));
  CHECK(order == "a");
}
