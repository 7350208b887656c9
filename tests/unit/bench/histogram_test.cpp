#include "bench/load/histogram.hpp"

#include <catch2/catch.hpp>

using escrow::bench::Histogram;

TEST_CASE("An empty histogram answers zero") {
  const Histogram histogram;
  CHECK(histogram.quantile_us(0.5) == 0);
  CHECK(histogram.mean_us() == 0);
}

TEST_CASE("Small latencies are kept exactly") {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  CHECK(histogram.quantile_us(0.5) == 50);
  CHECK(histogram.quantile_us(0.99) == 99);
  CHECK(histogram.quantile_us(1) == 100);
  CHECK(histogram.mean_us() == Approx(50.5));
}

TEST_CASE("A quantile is at most one part in a hundred above the recorded value and never below it") {
  for (std::uint64_t value = 1; value < 4'000'000'000; value = value * 3 / 2 + 1) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(2 * value);
    INFO(value);
    CHECK(histogram.quantile_us(0.5) >= value);
    CHECK(static_cast<double>(histogram.quantile_us(0.5)) <= 1.01 * static_cast<double>(value));
    CHECK(histogram.quantile_us(1) == 2 * value);
  }
}
