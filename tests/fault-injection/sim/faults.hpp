#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fault-injection/sim/random.hpp"

/// The fault points: what may go wrong, where, and how often.
namespace escrow::sim {

/// Each is declared once, here and in `fault_points`.
enum class Point : std::uint8_t {
  coordinator_crash,
  coordinator_crash_at_start,
  coordinator_pause,
  coordinator_drain,
  amnesia,
  store_unavailable,
  store_overloaded,
  store_unknown_applied,
  store_unknown_lost,
  store_slow,
  store_read_failed,
  write_survives_crash,
  request_lost,
  answer_lost,
  delivered_late,
  duplicated_now,
  duplicated_late,
  slow_link,
  garbled_answer,
  proxy_before,
  proxy_after,
  participant_crash_before,
  participant_crash_after,
  participant_busy,
  participant_in_progress,
  participant_overloaded,
  participant_failed,
  refused_forward,
  refused_final,
  api_request_lost,
  api_answer_lost,
  api_duplicated,
  api_duplicated_late,
  client_dies,
  // Plain choices, drawn like faults but none: they never fire.
  latency,
  jitter,
  restart_delay,
  choice
};
inline constexpr std::size_t fault_points = static_cast<std::size_t>(Point::latency);

struct FaultPoint {
  std::string_view name;
  /// How likely it is at each occasion, before the run's own scale.
  double weight = 0;
};
[[nodiscard]] const FaultPoint& describe(Point point);

/// One fault that happened: a list of these is a script of the run.
struct Fired {
  Point point = Point::choice;
  Identity identity;
  std::uint32_t occurrence = 0;

  bool operator==(const Fired&) const = default;
};

class Faults {
 public:
  /// Swarm weights: in each run a quarter of the points is off, the others are scaled by 0 to 3.
  explicit Faults(std::uint64_t seed);
  /// Exactly these fire.
  Faults(std::uint64_t seed, std::vector<Fired> script);

  /// Whether this fault happens now. Never while calm, except for what `script` says.
  [[nodiscard]] bool fires(Point point, Identity identity);
  /// The next draw for a plain choice.
  [[nodiscard]] std::uint64_t draw(Point point, Identity identity);
  [[nodiscard]] std::int64_t between(Point point, Identity identity, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(draw(point, identity) % static_cast<std::uint64_t>(high - low + 1));
  }

  void calm_down() { calm_ = true; }
  [[nodiscard]] bool is_calm() const { return calm_; }
  [[nodiscard]] const std::vector<Fired>& fired() const { return fired_; }

 private:
  std::uint64_t seed_;
  bool calm_ = false;
  bool scripted_ = false;
  std::array<double, fault_points> weights_{};
  /// Occasions so far by point and identity: open addressing, since this is asked for more often than anything else.
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t count = 0;
  };
  std::vector<Slot> occasions_;
  std::size_t used_ = 0;

  [[nodiscard]] std::uint32_t occasion(Point point, Identity identity);
  [[nodiscard]] Slot& slot_of(std::uint64_t key);

  std::vector<Fired> script_;
  std::vector<Fired> fired_;
};

}  // namespace escrow::sim
