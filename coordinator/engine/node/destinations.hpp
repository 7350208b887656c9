#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/core/event.hpp"
#include "coordinator/core/transaction.hpp"
#include "coordinator/engine/node/recent.hpp"
#include "coordinator/engine/node/settings.hpp"

/// Who may be called now: slots and a breaker per destination, so that one dead or slow service never starves the rest. It holds calls
/// back, it never drops them; a held-back call is not an attempt.
namespace escrow::engine::node {

/// scheme://host:port of a URL, and its path: the keys of slots.
struct Target {
  std::string destination;
  std::string path;

  bool operator==(const Target&) const = default;
};
/// Of an absolute URL that has been validated.
[[nodiscard]] Target target_of(std::string_view url);

/// A call that waits for its turn at a destination.
struct HeldBack {
  Target target;
  protocol::Gid gid;
  core::OperationRef ref;
  /// It goes out at this time whatever the breaker says: a call is held back by at most `retry.max_ms`.
  core::Time latest;

  bool operator==(const HeldBack&) const = default;
};

enum class BreakerState : std::uint8_t {
  closed,
  /// No call before the pause ends, and then one.
  open,
  /// The pause is over, and one call is trying it.
  probing
};

class Destinations {
 public:
  explicit Destinations(const Settings& settings) : settings_(settings) {}

  /// Takes a slot (true), or holds the call back until `released` hands it out. `past_breaker`: an operator wants it now.
  [[nodiscard]] bool acquire(const HeldBack& call, bool past_breaker, core::Time now);
  /// Gives the slot of a call that was made back. `healthy`: an answer came and it was none of the destination's own failures.
  void release(const Target& target, bool healthy, core::Time now);
  /// Remembers how a call ended, for those who look; before `release`.
  void record(const Target& target, const core::Outcome& outcome, bool healthy, core::Duration took, core::Time now);
  /// Gives a slot back that was not used: its call is no longer wanted.
  void give_back(const Target& target);
  /// Calls that go out now, each with its slot taken: the owner makes the call, or gives the slot back.
  [[nodiscard]] std::vector<HeldBack> released(core::Time now);
  /// When `released` should be asked again although no slot is given back: a breaker's pause ends.
  [[nodiscard]] std::optional<core::Time> next_release() const;

  struct View {
    std::string name;
    std::size_t open = 0;
    std::size_t held_back = 0;
    BreakerState breaker = BreakerState::closed;
    std::size_t failures_in_row = 0;
    /// While it is open.
    std::optional<core::Time> open_until;
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    /// Calls that have ended, by `core::Outcome::Class`.
    std::array<std::uint64_t, 5> outcomes{};
    /// Of the last minute.
    CallStep recent;
    std::optional<core::Time> last_error_at;
    std::string last_error;
    std::optional<core::Time> last_success_at;
  };
  [[nodiscard]] std::vector<View> view(core::Time now) const;

 private:
  struct Path {
    std::size_t open = 0;
    /// By the time at which each goes out whatever happens; equal ones in the order they came.
    std::multimap<core::Time, HeldBack> waiting;
  };
  struct Destination {
    std::size_t open = 0;
    std::size_t held_back = 0;
    std::map<std::string, Path> paths;
    /// The paths with waiting calls: by name, to serve them in turn, and by the time of the first. Paths may carry ids, so there may be
    /// as many as calls, and nothing may look at all of them.
    std::set<std::string> waiting;
    std::set<std::pair<core::Time, std::string>> by_latest;
    /// The path that was served last.
    std::string last_path;
    std::size_t failures_in_row = 0;
    std::optional<core::Time> paused_until;
    bool probing = false;
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::array<std::uint64_t, 5> outcomes{};
    CallTraffic recent;
    std::optional<core::Time> last_error_at;
    std::string last_error;
    std::optional<core::Time> last_success_at;
  };

  [[nodiscard]] static BreakerState breaker_of(const Destination& destination);
  [[nodiscard]] bool breaker_lets_through(const Destination& destination, core::Time now) const;
  [[nodiscard]] bool has_slot(const Destination& destination, const Path& path) const;
  void take(Destination& destination, Path& path, core::Time now);
  void free_slot(const Target& target);
  void hold_back(Destination& destination, HeldBack call);
  [[nodiscard]] HeldBack hand_out(Destination& destination, const std::string& path, core::Time now);
  /// The path whose turn it is among those that wait and have a slot; null: none.
  [[nodiscard]] const std::string* path_in_turn(const Destination& destination) const;
  /// The next held-back call of a destination that may go out, if any.
  [[nodiscard]] std::optional<HeldBack> next(Destination& destination, core::Time now);

  const Settings& settings_;
  std::map<std::string, Destination, std::less<>> destinations_;
  /// Names of those with held-back calls.
  std::set<std::string> waiting_;
};

}  // namespace escrow::engine::node
