#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/time.hpp"
#include "tests/fault-injection/sim/once.hpp"
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
  template <class Happen>
  void after(Duration delay, Identity identity, Happen happen) {
    const Time time = now_ + std::max(delay, Duration(0));
    const auto tie = mixed(seed_, mixed(identity.packed(), static_cast<std::uint64_t>(core::to_ms(time))));
    const std::uint32_t place = free_place();
    at(place) = Once<>(std::move(happen));
    events_.push_back({time, tie, ++sequence_, place});
    std::ranges::push_heap(events_, later);
  }

  [[nodiscard]] std::optional<Time> next() const { return events_.empty() ? std::nullopt : std::optional(events_.front().time); }

  /// Lets the next event happen; false: there is none.
  bool step() {
    if (events_.empty()) return false;
    std::ranges::pop_heap(events_, later);
    const Event event = events_.back();
    events_.pop_back();
    now_ = event.time;
    at(event.place)();
    free_.push_back(event.place);
    return true;
  }

 private:
  struct Event {
    Time time;
    std::uint64_t tie = 0;
    std::uint32_t sequence = 0;
    std::uint32_t place = 0;
  };
  static bool later(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time > b.time;
    if (a.tie != b.tie) return a.tie > b.tie;
    return a.sequence > b.sequence;
  }

  // The heap moves small records only; what happens stays where it was put, also while it happens and adds more.
  using Shelf = std::array<Once<>, 64>;
  [[nodiscard]] Once<>& at(std::uint32_t place) { return (*shelves_[place / 64])[place % 64]; }
  [[nodiscard]] std::uint32_t free_place() {
    if (free_.empty()) {
      const auto first = static_cast<std::uint32_t>(shelves_.size() * 64);
      shelves_.push_back(std::make_unique<Shelf>());
      for (std::uint32_t i = 64; i-- > 0;) free_.push_back(first + i);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }

  std::uint64_t seed_;
  Time now_ = core::from_ms(1'700'000'000'000);
  std::uint32_t sequence_ = 0;
  std::vector<Event> events_;
  std::vector<std::unique_ptr<Shelf>> shelves_;
  std::vector<std::uint32_t> free_;
};

}  // namespace escrow::sim
