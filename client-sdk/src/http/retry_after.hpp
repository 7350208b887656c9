#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace escrow::http {

/// Reads a Retry-After header, whole seconds or an IMF-fixdate (RFC 9110 10.2.3); nothing when it is unreadable, 0 or past, and at most an
/// hour (docs/protocol.md, section 4).
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace escrow::http
