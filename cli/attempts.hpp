#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/model.hpp"

/// The calls of a transaction, one by one, as its history tells them.
///
/// The history has the end of every call, not its beginning. The first call of an operation began when its turn came; one that timed out
/// began its time limit earlier; of the others only the end is known, and they were short enough not to matter.
namespace escrow::cli {

enum class Ending : std::uint8_t { succeeded, refused, failed, resolved, calling, next };

struct Attempt {
  /// Empty for a check.
  std::string branch;
  std::string operation;
  protocol::Role role = protocol::Role::forward;
  std::int64_t number = 0;
  Millis start = 0;
  Millis end = 0;
  Ending ending = Ending::failed;
  /// Equal failures in front of it that the history has folded into this one.
  std::int64_t folded = 0;
};

/// In the order of their ends; what is being called now and what is called next come last.
[[nodiscard]] std::vector<Attempt> attempts_of(const Transaction& transaction, const std::vector<Event>& events, Millis now);

}  // namespace escrow::cli
