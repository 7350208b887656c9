#include "coordinator/async/with_deadline.hpp"

#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "tests/support/run_task.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace escrow::async;
using escrow::testing::run;
using namespace std::chrono_literals;

namespace {

Task<std::string> answer_after(Event& event) {
  co_await event.wait();
  co_return "an answer that is too long for the small string optimisation";
}

Task<std::string> fail() {
  throw std::runtime_error("failed");
  co_return "";
}

Task<> just_wait(Event& event) { co_await event.wait(); }

enum class Ended { unknown, in_time, too_late, cancelled };

Task<> observe(Event& event, Clock::time_point deadline, Ended& ended) {
  try {
    const bool in_time = co_await with_deadline(just_wait(event), deadline);
    ended = in_time ? Ended::in_time : Ended::too_late;
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) ended = Ended::cancelled;
  }
}

}  // namespace

TEST_CASE("work that ends in time gives its value", "[async][with_deadline]") {
  boost::asio::io_context io;
  Event event(io.get_executor());
  event.set();
  const auto answer = run(io, with_deadline(answer_after(event), Clock::now() + 10s));
  REQUIRE(answer.has_value());
  CHECK(answer->starts_with("an answer"));
}

TEST_CASE("work that takes too long is cancelled and gives nothing", "[async][with_deadline]") {
  boost::asio::io_context io;
  Event never(io.get_executor());
  CHECK_FALSE(run(io, with_deadline(answer_after(never), Clock::now() + 1ms)).has_value());
}

TEST_CASE("an exception of the work is no time-out and comes at once", "[async][with_deadline]") {
  boost::asio::io_context io;
  const auto before = Clock::now();
  CHECK_THROWS_WITH(run(io, with_deadline(fail(), before + 1h)), "failed");
  CHECK(Clock::now() - before < 1min);
}

TEST_CASE("a time-out and a shutdown are told apart", "[async][with_deadline]") {
  boost::asio::io_context io;
  Event never(io.get_executor());
  TaskGroup group(io.get_executor());
  Ended late = Ended::unknown;
  Ended stopped = Ended::unknown;
  group.spawn(observe(never, Clock::now() + 1ms, late));
  CHECK_FALSE(run(io, group.join_until(Clock::now() - 1s)));
  run(io, group.join());
  CHECK(late == Ended::too_late);

  group.spawn(observe(never, Clock::now() + 1h, stopped));
  io.restart();
  io.poll();
  group.cancel();
  run(io, group.join());
  CHECK(stopped == Ended::cancelled);
}
