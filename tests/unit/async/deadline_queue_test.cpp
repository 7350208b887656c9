#include "coordinator/async/deadline_queue.hpp"

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using namespace escrow::async;
using namespace std::chrono_literals;

TEST_CASE("deadlines expire in their order whatever the order in which they were set", "[async][deadline_queue]") {
  boost::asio::io_context io;
  DeadlineQueue queue(io.get_executor());
  std::vector<int> expired;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  std::vector<int> order(200);
  for (int i = 0; i < 200; ++i) order[static_cast<std::size_t>(i)] = i;
  std::mt19937 random(7);
  std::shuffle(order.begin(), order.end(), random);
  const auto begin = Clock::now();
  for (const int i : order) {
    deadlines.push_back(std::make_unique<Deadline>(queue, [&expired, i] { expired.push_back(i); }));
    deadlines.back()->set(begin + i * 10us);
  }
  // Move half of them to and fro, and lift every fifth.
  for (std::size_t i = 0; i < deadlines.size(); i += 2) {
    deadlines[i]->set(begin + 1h);
    deadlines[i]->set(begin - 1h);
    deadlines[i]->set(begin + order[i] * 10us);
  }
  std::vector<int> expected;
  for (std::size_t i = 0; i < deadlines.size(); ++i) {
    if (i % 5 == 0) {
      deadlines[i]->lift();
    } else {
      expected.push_back(order[i]);
    }
  }
  std::sort(expected.begin(), expected.end());
  io.run();
  CHECK(expired == expected);
  CHECK(queue.size() == 0);
}

TEST_CASE("a lifted deadline never expires and keeps nothing waiting", "[async][deadline_queue]") {
  boost::asio::io_context io;
  DeadlineQueue queue(io.get_executor());
  bool expired = false;
  Deadline deadline(queue, [&expired] { expired = true; });
  deadline.set(Clock::now() + 1h);
  deadline.lift();
  io.run();  // returns: no timer is left
  CHECK_FALSE(expired);
}

TEST_CASE("a deadline may be set again, or destroyed, while it expires", "[async][deadline_queue]") {
  boost::asio::io_context io;
  DeadlineQueue queue(io.get_executor());
  int times = 0;
  Deadline* again = nullptr;
  Deadline deadline(queue, [&] {
    if (++times < 3) again->set(Clock::now());
  });
  again = &deadline;
  deadline.set(Clock::now());
  std::unique_ptr<Deadline> doomed;
  doomed = std::make_unique<Deadline>(queue, [&doomed] { doomed.reset(); });
  doomed->set(Clock::now());
  io.run();
  CHECK(times == 3);
  CHECK(doomed == nullptr);
}

TEST_CASE("an earlier deadline does not wait for a later one", "[async][deadline_queue]") {
  boost::asio::io_context io;
  DeadlineQueue queue(io.get_executor());
  Deadline late(queue, [] {});
  late.set(Clock::now() + 1h);
  bool expired = false;
  Deadline early(queue, [&] {
    expired = true;
    late.lift();
  });
  early.set(Clock::now() + 1ms);
  io.run();
  CHECK(expired);
}

TEST_CASE("a queue may go while deadlines are set", "[async][deadline_queue]") {
  boost::asio::io_context io;
  auto queue = std::make_unique<DeadlineQueue>(io.get_executor());
  bool expired = false;
  auto deadline = std::make_unique<Deadline>(*queue, [&expired] { expired = true; });
  deadline->set(Clock::now());
  deadline.reset();
  queue.reset();
  io.run();
  CHECK_FALSE(expired);
}
