#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace escrow::transport {

/// Reads a Retry-After header: seconds, or an HTTP-date in any of the three forms of RFC 9110, 5.6.7, relative to
/// `now`. Nothing if it is unreadable, zero or in the past. Huge values are returned as at most 100 years;
/// the cap of an hour is the caller's.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

/// An HTTP-date in any of the three forms; nothing if it is none.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text,
                                                                                   std::chrono::system_clock::time_point now);

}  // namespace escrow::transport
