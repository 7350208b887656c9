#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/time.hpp"
#include "tests/fault-injection/sim/random.hpp"

namespace escrow::sim {

using core::Duration;
using core::Time;

/// Everything that is going to happen, by virtual time. What falls on the same millisecond happens in an order that the seed decides,
/// so that races within one tick are explored.
class Queue {
 public:
  explicit Queue(std::uint64_t seed) : seed_(mixed(seed, 0x71e5)) {}

  [[nodiscard]] Time now() const { return now_; }

  /// `identity` says whose event it is: only it and the time decide among events of one millisecond.
  void after(Duration delay, Identity identity, std::function<void()> happen) {
    const Time time = now_ + std::max(delay, Duration(0));
    const auto tie = mixed(seed_, mixed(identity.packed(), static_cast<std::uint64_t>(core::to_ms(time))));
    events_.push_back({time, tie, ++sequence_, std::move(happen)});
    std::ranges::push_heap(events_, later);
  }

  [[nodiscard]] std::optional<Time> next() const { return events_.empty() ? std::nullopt : std::optional(events_.front().time); }

  /// Lets the next event happen; false: there is none.
  bool step() {
    if (events_.empty()) return false;
    std::ranges::pop_heap(events_, later);
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.time;
    event.happen();
    return true;
  }

 private:
  struct Event {
    Time time;
    std::uint64_t tie = 0;
    std::uint64_t sequence = 0;
    std::function<void()> happen;
  };
  static bool later(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time > b.time;
    if (a.tie != b.tie) return a.tie > b.tie;
    return a.sequence > b.sequence;
  }

  std::uint64_t seed_;
  Time now_ = core::from_ms(1'700'000'000'000);
  std::uint64_t sequence_ = 0;
  std::vector<Event> events_;
};

}  // namespace escrow::sim
