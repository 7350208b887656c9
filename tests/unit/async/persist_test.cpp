#include "coordinator/async/persist.hpp"

#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <catch2/catch.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

using namespace escrow::async;
using escrow::testing::run;
using namespace std::chrono_literals;

namespace {

constexpr Pauses short_ones{1ms, 4ms};

/// Fails so often, then waits for the event, if there is one.
struct Work {
  int failures = 0;
  Event* waits_for = nullptr;
  int begun = 0;
};

Task<> work_on(Work& work) {
  if (++work.begun <= work.failures) throw std::bad_alloc();
  if (work.waits_for != nullptr) co_await work.waits_for->wait();
}

Task<> no_exception() {
  throw 42;
  co_return;
}

}  // namespace

TEST_CASE("work that fails is begun again until it ends by itself", "[async][persist]") {
  boost::asio::io_context io;
  Work work{.failures = 5};
  std::vector<std::string> told;
  run(io, persist([&] { return work_on(work); }, [&](std::string_view why) { told.emplace_back(why); }, short_ones));
  CHECK(work.begun == 6);
  CHECK(told == std::vector<std::string>(5, "std::bad_alloc"));
}

TEST_CASE("work is begun again though nobody can be told why it failed", "[async][persist]") {
  boost::asio::io_context io;
  Work work{.failures = 2};
  run(io, persist([&] { return work_on(work); }, [](std::string_view) { throw std::bad_alloc(); }, short_ones));
  CHECK(work.begun == 3);
}

TEST_CASE("pauses between failures double up to the longest", "[async][persist]") {
  boost::asio::io_context io;
  Work work{.failures = 5};
  const auto began = Clock::now();
  run(io, persist([&] { return work_on(work); }, [](std::string_view) {}, Pauses{2ms, 16ms}));
  CHECK(Clock::now() - began >= 2ms + 4ms + 8ms + 16ms + 16ms);
}

TEST_CASE("work that goes on after a failure ends when its group is cancelled", "[async][persist]") {
  boost::asio::io_context io;
  Event never(io.get_executor());
  TaskGroup group(io.get_executor());
  Work work{.failures = 1, .waits_for = &never};
  group.spawn(persist([&] { return work_on(work); }, [](std::string_view) {}, short_ones));
  while (work.begun < 2) io.run_one();
  CHECK(group.size() == 1);
  group.cancel();
  run(io, group.join());
  CHECK(work.begun == 2);
}

TEST_CASE("a pause ends when its group is cancelled", "[async][persist]") {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  Work work{.failures = 100};
  group.spawn(persist([&] { return work_on(work); }, [](std::string_view) {}, Pauses{1h, 1h}));
  io.poll();
  REQUIRE(work.begun == 1);
  group.cancel();
  run(io, group.join());
  CHECK(work.begun == 1);
}

TEST_CASE("what is thrown and is no exception is a failure like others", "[async][persist]") {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  int told = 0;
  group.spawn(persist(no_exception, [&](std::string_view) { ++told; }, Pauses{1h, 1h}));
  io.poll();
  CHECK(told == 1);
  CHECK(group.size() == 1);
  group.cancel();
  run(io, group.join());
}
