#include "coordinator/async/event.hpp"

#include "coordinator/async/task_group.hpp"
#include "tests/support/run_task.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace escrow::async;
using escrow::testing::run;
using namespace std::chrono_literals;

namespace {

Task<> note_when_set(Event& event, std::vector<int>& order, int who) {
  co_await event.wait();
  order.push_back(who);
}

Task<> set_and_reset(Event& event) {
  event.set();
  event.reset();
  co_return;
}

Task<> join(TaskGroup& group) { co_await group.join(); }

}  // namespace

TEST_CASE("an event wakes everyone who waits for it", "[async][event]") {
  boost::asio::io_context io;
  Event event(io.get_executor());
  TaskGroup group(io.get_executor());
  std::vector<int> order;
  group.spawn(note_when_set(event, order, 1));
  group.spawn(note_when_set(event, order, 2));
  io.poll();
  CHECK(order.empty());
  event.set();
  run(io, join(group));
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a wait for an event that is set returns at once, and after a reset waits again", "[async][event]") {
  boost::asio::io_context io;
  Event event(io.get_executor());
  event.set();
  CHECK(run(io, event.wait_until(Clock::time_point::min())));
  event.reset();
  CHECK_FALSE(run(io, event.wait_until(Clock::now() + 1ms)));
}

TEST_CASE("a waiter is woken even when the event is reset right after it was set", "[async][event]") {
  boost::asio::io_context io;
  Event event(io.get_executor());
  TaskGroup group(io.get_executor());
  std::vector<int> order;
  group.spawn(note_when_set(event, order, 1));
  group.spawn(set_and_reset(event));
  run(io, join(group));
  CHECK(order == std::vector<int>{1});
}
