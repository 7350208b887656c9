#include "coordinator/async/task_group.hpp"

#include "coordinator/async/event.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace escrow::async;
using escrow::testing::run;
using namespace std::chrono_literals;

namespace {

/// Counts frames that are alive, to see that a cancelled task has really ended.
struct Alive {
  explicit Alive(int& count) : count_(count) { ++count_; }
  ~Alive() { --count_; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

 private:
  int& count_;
};

Task<> wait_for_ever(Event& never, int& count) {
  const Alive alive(count);
  co_await never.wait();
}

Task<> fail(const char* why) {
  throw std::runtime_error(why);
  co_return;
}

Task<> count_up(int& count) {
  ++count;
  co_return;
}

Task<> spawn_another(TaskGroup& group, int& count) {
  group.spawn(count_up(count));
  co_return;
}

}  // namespace

TEST_CASE("a group joins every task that it spawned, also those spawned by its tasks", "[async][task_group]") {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  int count = 0;
  CHECK(group.spawn(count_up(count)));
  CHECK(group.spawn(spawn_another(group, count)));
  CHECK(group.size() == 2);
  run(io, group.join());
  CHECK(count == 2);
  CHECK(group.size() == 0);
}

TEST_CASE("cancelling a group ends its tasks and refuses new ones", "[async][task_group]") {
  boost::asio::io_context io;
  Event never(io.get_executor());
  TaskGroup group(io.get_executor());
  int alive = 0;
  group.spawn(wait_for_ever(never, alive));
  group.spawn(wait_for_ever(never, alive));
  io.poll();
  CHECK(alive == 2);
  group.cancel();
  run(io, group.join());
  CHECK(alive == 0);
  CHECK_FALSE(group.spawn(wait_for_ever(never, alive)));
  run(io, group.join());
}

TEST_CASE("a task that is cancelled before it has started ends too", "[async][task_group]") {
  boost::asio::io_context io;
  Event never(io.get_executor());
  TaskGroup group(io.get_executor());
  int alive = 0;
  group.spawn(wait_for_ever(never, alive));
  group.cancel();
  run(io, group.join());
  CHECK(alive == 0);
}

TEST_CASE("joining rethrows the first exception of a task, once", "[async][task_group]") {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  group.spawn(fail("first"));
  group.spawn(fail("second"));
  CHECK_THROWS_WITH(run(io, group.join()), "first");
  CHECK_NOTHROW(run(io, group.join()));
}

TEST_CASE("joining until a deadline says whether tasks are left", "[async][task_group]") {
  boost::asio::io_context io;
  Event event(io.get_executor());
  TaskGroup group(io.get_executor());
  int alive = 0;
  group.spawn(wait_for_ever(event, alive));
  CHECK_FALSE(run(io, group.join_until(Clock::now() + 1ms)));
  CHECK(alive == 1);
  event.set();
  CHECK(run(io, group.join_until(Clock::now() + 10s)));
}

TEST_CASE("a group survives an io_context that is destroyed with its tasks", "[async][task_group]") {
  int alive = 0;
  auto io = std::make_unique<boost::asio::io_context>();
  Event never(io->get_executor());
  auto group = std::make_unique<TaskGroup>(io->get_executor());
  group->spawn(wait_for_ever(never, alive));
  io->poll();
  CHECK(alive == 1);
  io.reset();
  CHECK(alive == 0);
  CHECK(group->size() == 0);
}
