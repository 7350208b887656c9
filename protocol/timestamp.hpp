#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Times on the wire: RFC 3339 in UTC with milliseconds, `2026-01-05T10:00:00.000Z`; in memory milliseconds since the Unix epoch.
namespace escrow::protocol {

/// Times outside the years 0000 to 9999 are written as the nearest one inside.
[[nodiscard]] std::string format_timestamp(std::int64_t ms);
void append_timestamp(std::string& out, std::int64_t ms);

/// Any RFC 3339 time, offsets and fractions of a second included; digits behind milliseconds are cut off, a leap second counts as the last
/// second of its minute. Nothing for everything else.
[[nodiscard]] std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace escrow::protocol
