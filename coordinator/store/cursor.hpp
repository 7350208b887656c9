#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/store/log.hpp"
#include "protocol/result.hpp"

/// Where a list goes on.
namespace escrow::store {

/// A place in the order of lists: by start, then by number. In a list that is newest first, newer transactions come before every place that
/// was given.
struct ListPosition {
  std::int64_t started_at_ms = 0;
  std::int64_t id = 0;

  auto operator<=>(const ListPosition&) const = default;
};

[[nodiscard]] std::string to_cursor(const Filter& filter, const ListPosition& position);

/// The place behind which a list begins, by its cursor and its bound in time. LogErrc::invalid_cursor for a text that `to_cursor` has not
/// made for a list in this order.
[[nodiscard]] Result<ListPosition> start_of_list(const Filter& filter, const std::optional<std::string>& cursor);

}  // namespace escrow::store
