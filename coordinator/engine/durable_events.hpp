#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "protocol/names.hpp"
#include "protocol/words.hpp"

/// What the event stream is told when something has become durable. No events, only where they stand: whoever wants them reads the log.
namespace escrow::engine {

/// A set of types of events.
class EventTypes {
 public:
  void add(protocol::EventType type) { bits_.set(static_cast<std::size_t>(type)); }
  void add(const EventTypes& others) { bits_ |= others.bits_; }
  [[nodiscard]] bool contains(protocol::EventType type) const { return bits_.test(static_cast<std::size_t>(type)); }
  [[nodiscard]] bool intersects(const EventTypes& others) const { return (bits_ & others.bits_).any(); }
  [[nodiscard]] bool empty() const { return bits_.none(); }
  [[nodiscard]] static EventTypes all() {
    EventTypes types;
    types.bits_.set();
    return types;
  }

  bool operator==(const EventTypes&) const = default;

 private:
  std::bitset<32> bits_;
};

/// Events of one transaction that are on disk now: `first_seq` to `last_seq`.
struct DurableEvents {
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  EventTypes types;
  /// False: a COMMIT failed, and there may be events of any number and type; only the log can tell.
  bool is_certain = true;
};

/// Called on the engine's thread. Must be quick and must not throw.
using DurableHandler = std::function<void(const protocol::Gid&, const DurableEvents&)>;

}  // namespace escrow::engine
