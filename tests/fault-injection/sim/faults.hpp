#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "tests/fault-injection/sim/random.hpp"

/// The fault points: what may go wrong, where, and how often.
namespace escrow::sim {

/// Each is declared once, here and in `fault_points`.
enum class Point : std::uint8_t {
  // Of the coordinator's process. `kept`: what it had asked the store to write reaches the disk all the same.
  coordinator_crash,
  coordinator_crash_kept,
  coordinator_crash_at_start,
  coordinator_pause,
  coordinator_drain,
  amnesia,
  clock_forward,
  clock_back,
  // Of the log.
  store_unavailable,
  store_overloaded,
  store_unknown_applied,
  store_unknown_lost,
  store_slow,
  store_read_failed,
  write_survives_crash,
  row_damaged,
  row_retired,
  conflict,
  lost_write_returns,
  late_write,
  // Of the network between coordinator, or initiator, and participant.
  service_down,
  service_silent,
  service_deaf,
  request_reset,
  request_lost,
  answer_lost,
  delivered_late,
  duplicated_now,
  duplicated_late,
  slow_link,
  garbled_answer,
  proxy_before,
  proxy_after,
  // Of a participant.
  participant_crash_before,
  participant_crash_after,
  participant_busy,
  participant_in_progress,
  participant_overloaded,
  participant_too_many,
  participant_failed,
  refused_forward,
  refused_final,
  // Of clients, and of the way to the coordinator.
  api_request_lost,
  api_answer_lost,
  api_duplicated,
  api_duplicated_late,
  client_dies,
  // Choices that are no faults, but part of a script: what a client or an operator does that it need not do.
  client_choice,
  operator_word,
  // Plain draws: they never fire.
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

[[nodiscard]] constexpr bool is_fault(Point point) { return point < Point::client_choice; }

/// One fault that happened: a list of these is a script of the run.
struct Fired {
  Point point = Point::choice;
  Identity identity;
  std::uint32_t occurrence = 0;
  /// In a script: also every later attempt and occasion of the same point, transaction, branch and operation, until calm.
  bool until_healed = false;

  bool operator==(const Fired&) const = default;
};

/// What becomes of an occasion.
enum class Fate : std::uint8_t { passes, strikes, strikes_until_healed };

/// Exactly what goes wrong in a run.
struct Script {
  std::vector<Fired> faults;
  /// Asked, while the run is on, what becomes of each occasion that no fault of the list strikes; what strikes joins the list. Empty: it
  /// passes. No fault is asked for in the calm.
  std::function<Fate(Point)> fate = {};
  /// Every draw is the one in the middle, so that nothing but the faults tells two runs apart.
  bool plain = false;
};

class Faults {
 public:
  /// Swarm weights: in each run a quarter of the points is off, the others are scaled by 0 to 3.
  explicit Faults(std::uint64_t seed);
  /// Exactly these fire.
  Faults(std::uint64_t seed, Script script);

  /// Whether this fault happens now. Never while calm, except for what a script says.
  [[nodiscard]] bool fires(Point point, Identity identity);
  /// Whether somebody makes this choice, calm or not.
  [[nodiscard]] bool chooses(Point point, Identity identity, double probability);
  /// The next draw for a plain choice.
  [[nodiscard]] std::uint64_t draw(Point point, Identity identity);
  [[nodiscard]] std::int64_t between(Point point, Identity identity, std::int64_t low, std::int64_t high) {
    if (plain_) return low + (high - low) / 2;
    return low + static_cast<std::int64_t>(draw(point, identity) % static_cast<std::uint64_t>(high - low + 1));
  }

  /// From now on every occasion at which a fault could happen is kept.
  void keep_occasions() { keeps_occasions_ = true; }
  [[nodiscard]] const std::vector<Fired>& occasions() const { return kept_occasions_; }
  /// How many occasions there had been when the last fault fired.
  [[nodiscard]] std::size_t occasions_before_last() const { return occasions_before_last_; }
  [[nodiscard]] bool is_plain() const { return plain_; }
  [[nodiscard]] bool is_scripted() const { return scripted_; }

  /// Everything that a script said would go wrong, and what it decided on the way.
  [[nodiscard]] const std::vector<Fired>& script() const { return script_; }

  void calm_down() { calm_ = true; }
  [[nodiscard]] bool is_calm() const { return calm_; }
  [[nodiscard]] const std::vector<Fired>& fired() const { return fired_; }

 private:
  std::uint64_t seed_;
  bool calm_ = false;
  bool scripted_ = false;
  bool plain_ = false;
  bool keeps_occasions_ = false;
  std::vector<Fired> kept_occasions_;
  std::size_t occasions_before_last_ = 0;
  /// Of the upper 53 bits of a draw: below it, the fault fires.
  std::array<std::uint64_t, fault_points> thresholds_{};
  /// Occasions so far by point and identity: open addressing, since this is asked for more often than anything else. The upper bits of a
  /// slot are those of the hash, the lower ones count; 0: free.
  std::vector<std::uint64_t> occasions_;
  /// How far a hash is shifted to say where to look.
  unsigned shift_ = 0;
  std::size_t used_ = 0;

  [[nodiscard]] bool is_in_script(const Fired& fault) const;
  [[nodiscard]] bool is_scripted(const Fired& occasion, bool may_be_asked);
  [[nodiscard]] std::uint32_t occasion(Point point, std::uint64_t packed);
  [[nodiscard]] std::uint64_t draw_of(Point point, std::uint64_t packed, std::uint32_t occurrence) const;
  [[nodiscard]] std::uint64_t& slot_of(std::uint64_t hash);
  void grow();

  std::vector<Fired> script_;
  std::function<Fate(Point)> fate_;
  std::vector<Fired> fired_;
};

}  // namespace escrow::sim
