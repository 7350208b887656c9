#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "protocol/fault.hpp"

/// What follows from an event.
namespace escrow::core {

/// What a decision's record must be before anything that depends on it happens (docs/architecture.md, What must be durable, and when).
enum class Durability : std::uint8_t {
  /// Nothing changed that the log keeps.
  none,
  /// May ride along with the next barrier.
  lazy,
  /// On disk before a call, an answer or a timer reveals it.
  barrier
};

struct Decision {
  Durability durability = Durability::none;
  /// Why the event was refused; then nothing has changed.
  std::optional<protocol::ProblemCode> refusal;
  /// With `branch_conflict`: JSON pointers of what differs.
  std::vector<std::string> differs;
  /// With `invalid`: every fault at once.
  std::vector<protocol::Fault> faults;
  /// Whether something new was recorded by a registration (201), or all was known (200).
  bool created = false;
  std::vector<HistoryEvent> history;
};

}  // namespace escrow::core
