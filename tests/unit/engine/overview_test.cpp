#include "coordinator/engine/overview.hpp"

#include <catch2/catch.hpp>

using namespace escrow;
using namespace escrow::engine;
using core::Duration;
using core::Time;
using std::chrono::seconds;

TEST_CASE("rates are the mean of the ten seconds that have passed", "[engine][overview]") {
  node::Traffic traffic;
  const Time start{Duration(1'000'000'000)};
  CHECK(summarize(traffic, start).per_second.started == 0);
  CHECK_FALSE(summarize(traffic, start).transactions);
  for (int i = 0; i < 60; ++i) {
    auto& step = traffic.at(start + seconds(i));
    step.started += 5;
    ++step.committed;
    step.calls.calls += 10;
    step.calls.errors += 2;
    step.calls.took.add(Duration(8));
    step.transactions.add(Duration(90));
  }
  const auto summary = summarize(traffic, start + seconds(60));
  CHECK(summary.per_second.started == 5);
  CHECK(summary.per_second.committed == 1);
  CHECK(summary.per_second.aborted == 0);
  CHECK(summary.per_second.calls == 10);
  CHECK(summary.per_second.call_errors == 2);
  REQUIRE(summary.calls);
  CHECK(summary.calls->p50 <= summary.calls->p99);
  CHECK(summary.calls->p99 == Duration(10));
  CHECK(summary.transactions->p50 > Duration(70));
  // The second that is passing does not count yet.
  traffic.at(start + seconds(60)).started += 1'000;
  CHECK(summarize(traffic, start + Duration(60'500)).per_second.started == 5);
  CHECK(summarize(traffic, start + seconds(80)).per_second.started == 0);
}

TEST_CASE("the series ends with the last whole step and holds everything once", "[engine][overview]") {
  node::Traffic traffic;
  const Time start{Duration(1'000'000'000)};
  for (int i = 0; i < 2'000; ++i) ++traffic.at(start + seconds(i)).started;
  const auto summary = summarize(traffic, start + seconds(2'002));
  REQUIRE(summary.series.size() == series_steps);
  CHECK(summary.series_until == start + seconds(2'000));
  for (const auto& step : summary.series) CHECK(step.started == 5);
}
