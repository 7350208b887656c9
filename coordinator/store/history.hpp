#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/transaction.hpp"

/// The events of one write as the log keeps them: one text, since a row for each would cost more than everything else that is written.
namespace escrow::store {

/// A JSON array with an object for each event; members that an event does not have are left out.
[[nodiscard]] std::string encode_history(const std::vector<core::HistoryEvent>& events);

/// An event that can't be read, or of a type that this version does not know, is nothing in its place: the history decides nothing, and the
/// others keep their numbers. A text that is no array has no events.
[[nodiscard]] std::vector<std::optional<core::HistoryEvent>> decode_history(std::string_view text);

}  // namespace escrow::store
