#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>

namespace escrow::bench {

std::size_t Histogram::bucket_of(std::uint64_t value_us) {
  constexpr std::uint64_t steps = std::uint64_t{1} << step_bits;
  if (value_us < steps) return static_cast<std::size_t>(value_us);
  const auto shift = static_cast<int>(std::bit_width(value_us)) - 1 - step_bits;
  const std::size_t bucket = (static_cast<std::size_t>(shift) << step_bits) + static_cast<std::size_t>(value_us >> shift);
  return std::min(bucket, std::size_t{((doublings + 1) << step_bits) - 1});
}

std::uint64_t Histogram::upper_edge(std::size_t bucket) {
  constexpr std::size_t steps = std::size_t{1} << step_bits;
  if (bucket < 2 * steps) return bucket;
  const std::size_t shift = (bucket >> step_bits) - 1;
  return ((static_cast<std::uint64_t>(bucket - (shift << step_bits)) + 1) << shift) - 1;
}

void Histogram::record(std::uint64_t value_us) {
  ++buckets_[bucket_of(value_us)];
  ++count_;
  sum_us_ += value_us;
  max_us_ = std::max(max_us_, value_us);
}

std::uint64_t Histogram::quantile_us(double fraction) const {
  const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(count_) + 0.5);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (bucket + 1 < buckets_.size() && seen > 0 && seen >= wanted) return std::min(upper_edge(bucket), max_us_);
  }
  return max_us_;
}

}  // namespace escrow::bench
