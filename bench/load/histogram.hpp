#pragma once

#include <array>
#include <cstdint>

namespace escrow::bench {

/// Latencies from 1 us to about 70 minutes in buckets that are at most 0.8 % wide, as HdrHistogram has them (Gil Tene,
/// "High Dynamic Range Histogram"). Recording costs a few instructions and no allocation.
class Histogram {
 public:
  void record(std::uint64_t value_us);

  std::uint64_t count() const { return count_; }
  std::uint64_t max_us() const { return max_us_; }
  double mean_us() const { return count_ == 0 ? 0 : static_cast<double>(sum_us_) / static_cast<double>(count_); }

  /// The smallest recorded bucket's upper edge below which `fraction` (0 to 1) of the values lie; 0 when nothing was recorded.
  std::uint64_t quantile_us(double fraction) const;

 private:
  // 128 linear steps for each doubling.
  static constexpr int step_bits = 7;
  static constexpr int doublings = 25;

  static std::size_t bucket_of(std::uint64_t value_us);
  static std::uint64_t upper_edge(std::size_t bucket);

  std::array<std::uint64_t, (doublings + 1) << step_bits> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
  std::uint64_t max_us_ = 0;
};

}  // namespace escrow::bench
