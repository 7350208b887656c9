#pragma once

#include <cstdint>

/// Randomness without a stream: every draw is a hash of the seed, the point that asks, whom it asks for, and how often it was asked
/// before. So taking one fault, branch or transaction away changes nothing of what the others meet, and a failing run can be shrunk.
namespace escrow::sim {

/// Spreads every bit of `value` over the whole word (the finaliser of splitmix64).
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t first, std::uint64_t second) { return mixed(first ^ mixed(second)); }

/// Whom a draw is for: an execution index, never a position in a run. -1 where a part has no meaning.
struct Identity {
  int transaction = -1;
  int branch = -1;
  int operation = -1;
  std::int64_t attempt = 0;
  /// Which of the things that one step does, where it does several.
  int place = 0;

  [[nodiscard]] constexpr std::uint64_t packed() const {
    const auto part = [](int value) { return static_cast<std::uint64_t>(value + 1) & 0xfffU; };
    return part(transaction) << 52U | part(branch) << 40U | part(operation) << 28U |
           (static_cast<std::uint64_t>(attempt) & 0xfffffU) << 8U | (static_cast<std::uint64_t>(place) & 0xffU);
  }
  bool operator==(const Identity&) const = default;
};

/// A draw as a fraction in [0, 1).
[[nodiscard]] constexpr double fraction(std::uint64_t draw) { return static_cast<double>(draw >> 11U) * 0x1.0p-53; }

/// Successive draws for one purpose and one identity, as long as the shape of something is being made up.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t purpose, Identity identity) : base_(mixed(mixed(seed, purpose), identity.packed())) {}

  [[nodiscard]] std::uint64_t draw() { return mixed(base_, ++count_); }
  /// Uniform in [0, limit).
  [[nodiscard]] int below(int limit) { return static_cast<int>(draw() % static_cast<std::uint64_t>(limit)); }
  /// Uniform in [low, high].
  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(high - low + 1));
  }
  [[nodiscard]] bool chance(double probability) { return fraction(draw()) < probability; }
  template <class T, class... More>
  [[nodiscard]] T one_of(T first, More... more) {
    const T all[] = {first, more...};
    return all[below(static_cast<int>(1 + sizeof...(more)))];
  }

 private:
  std::uint64_t base_;
  std::uint64_t count_ = 0;
};

}  // namespace escrow::sim
