#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "coordinator/core/event.hpp"

/// The table of the machine: what an event means in each status, whatever the transaction holds. `decide` looks here first, the
/// document of state machines is printed from it, and a test walks every cell.
namespace escrow::core {

enum class EventKind : std::uint8_t {
  branches_registered,
  commit_requested,
  abort_requested,
  extended,
  time_passed,
  called,
  answered,
  resolved,
  retried_now,
  adopted
};
inline constexpr std::size_t event_kinds = 10;

enum class Reaction : std::uint8_t {
  /// What follows depends on the transaction: a handler of `decide` says.
  decide,
  /// The same decision again: accepted, nothing changes.
  repeat,
  /// The decision is made and excludes it: refused with `already_decided`.
  already_decided,
  /// Too late to mean anything (a late answer, a timer): dropped, nothing changes.
  ignore
};

[[nodiscard]] EventKind kind_of(const Event& event);
[[nodiscard]] Reaction reaction(protocol::Status status, EventKind event);

[[nodiscard]] std::string_view to_string(EventKind event);
[[nodiscard]] std::string_view to_string(Reaction reaction);

/// One sentence for the document: what a handler does with this event in this status. Empty where the reaction says it all.
[[nodiscard]] std::string_view meaning(protocol::Status status, EventKind event);

}  // namespace escrow::core
