#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "coordinator/core/time.hpp"

/// What has been going on lately, in steps of a second: figures for people who look now. What is to be kept is in the metrics.
namespace escrow::engine::node {

/// How long things took, in buckets that grow by about a half: quantiles are right within a bucket.
class Durations {
 public:
  void add(core::Duration took);
  void add(const Durations& others);
  [[nodiscard]] std::uint64_t count() const;
  /// The time that `part` (0 to 1) of them did not exceed; nothing: there was none.
  [[nodiscard]] std::optional<core::Duration> quantile(double part) const;

 private:
  static constexpr std::array<std::int64_t, 27> bounds_ms{1,     2,     3,     5,     7,      10,     15,     20,      30,
                                                          50,    70,    100,   150,   200,    300,    500,    700,     1'000,
                                                          1'500, 2'000, 3'000, 5'000, 10'000, 20'000, 60'000, 300'000, 3'600'000};
  std::array<std::uint32_t, bounds_ms.size() + 1> counts_{};
};

/// Of one second; `add` joins two of them.
struct CallStep {
  std::uint32_t calls = 0;
  /// Calls that failed by the fault of who was called.
  std::uint32_t errors = 0;
  Durations took;

  void add(const CallStep& other);
};
struct TrafficStep {
  std::uint32_t started = 0;
  std::uint32_t committed = 0;
  std::uint32_t aborted = 0;
  /// From start to end, of those that ended.
  Durations transactions;
  CallStep calls;

  void add(const TrafficStep& other);
};

/// The last `Kept` seconds; those in which nothing happened take no memory.
template <class Step, std::int64_t Kept>
class Recent {
 public:
  static constexpr std::int64_t kept_s = Kept;

  [[nodiscard]] Step& at(core::Time now) {
    const std::int64_t second = second_of(now);
    if (steps_.empty() || steps_.back().second < second) steps_.push_back({second, Step()});
    while (steps_.front().second <= second - Kept) steps_.pop_front();
    return steps_.back().step;
  }
  /// The sum of the seconds `first` to before `end`, as numbered by `second_of`.
  [[nodiscard]] Step sum(std::int64_t first, std::int64_t end) const {
    Step total;
    for (const auto& entry : steps_) {
      if (entry.second >= first && entry.second < end) total.add(entry.step);
    }
    return total;
  }
  [[nodiscard]] static std::int64_t second_of(core::Time time) { return core::to_ms(time) / 1'000; }

 private:
  struct Entry {
    std::int64_t second;
    Step step;
  };
  std::deque<Entry> steps_;
};

using Traffic = Recent<TrafficStep, 905>;
using CallTraffic = Recent<CallStep, 60>;

}  // namespace escrow::engine::node
