#include "coordinator/engine/node/recent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace escrow::engine::node {

void Durations::add(core::Duration took) {
  const auto bucket = std::ranges::lower_bound(bounds_ms, took.count()) - bounds_ms.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
}

void Durations::add(const Durations& others) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
}

std::uint64_t Durations::count() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

std::optional<core::Duration> Durations::quantile(double part) const {
  const std::uint64_t all = count();
  if (all == 0) return std::nullopt;
  const double wanted = std::max(1.0, std::ceil(part * static_cast<double>(all)));
  double before = 0;
  for (std::size_t i = 0; i < bounds_ms.size(); ++i) {
    const double here = counts_[i];
    if (before + here >= wanted) {
      // As if those of a bucket were spread evenly over it.
      const double low = i == 0 ? 0 : static_cast<double>(bounds_ms[i - 1]);
      const double high = static_cast<double>(bounds_ms[i]);
      return core::Duration(std::llround(low + (high - low) * (wanted - before) / here));
    }
    before += here;
  }
  return core::Duration(bounds_ms.back());
}

void CallStep::add(const CallStep& other) {
  calls += other.calls;
  errors += other.errors;
  took.add(other.took);
}

void TrafficStep::add(const TrafficStep& other) {
  started += other.started;
  committed += other.committed;
  aborted += other.aborted;
  transactions.add(other.transactions);
  calls.add(other.calls);
}

}  // namespace escrow::engine::node
