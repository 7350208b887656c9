#include "coordinator/store/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

namespace escrow::store {
namespace {

/// The order, and the version of what follows.
std::string_view prefix_of(const Filter& filter) { return filter.oldest_first ? "o1" : "n1"; }

/// Reads `-NUMBER` from the front of `text`; only the spelling that `std::to_string` gives.
std::optional<std::int64_t> take_number(std::string_view& text) {
  if (!text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (failed != std::errc() || number < 0 || std::to_string(number) != text.substr(0, length)) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

std::optional<ListPosition> from_cursor(const Filter& filter, std::string_view text) {
  const std::string_view prefix = prefix_of(filter);
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto started_at_ms = take_number(text);
  const auto id = started_at_ms ? take_number(text) : std::nullopt;
  if (!id || !text.empty()) return std::nullopt;
  return ListPosition{*started_at_ms, *id};
}

}  // namespace

std::string to_cursor(const Filter& filter, const ListPosition& position) {
  return std::string(prefix_of(filter)) + "-" + std::to_string(position.started_at_ms) + "-" + std::to_string(position.id);
}

Result<ListPosition> start_of_list(const Filter& filter, const std::optional<std::string>& cursor) {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  // Both bounds in time are exclusive; numbers begin at 1.
  ListPosition start{filter.started_before_ms.value_or(last), filter.started_before_ms ? 0 : last};
  if (filter.oldest_first) start = {filter.started_after_ms.value_or(std::numeric_limits<std::int64_t>::min()), last};
  if (cursor) {
    const auto position = from_cursor(filter, *cursor);
    if (!position) return Error{make_error_code(LogErrc::invalid_cursor), "not a cursor of this list"};
    start = filter.oldest_first ? std::max(start, *position) : std::min(start, *position);
  }
  return start;
}

}  // namespace escrow::store
