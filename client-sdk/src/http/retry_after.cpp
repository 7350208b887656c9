#include "client-sdk/src/http/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace escrow::http {
namespace {

constexpr std::chrono::milliseconds longest = std::chrono::hours(1);

std::optional<std::chrono::milliseconds> usable(std::chrono::milliseconds value) {
  if (value <= std::chrono::milliseconds(0)) return std::nullopt;
  return std::min(value, longest);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
    // Too many digits for an integer are certainly more than an hour.
    if (parsed.ec != std::errc()) return longest;
    return usable(std::chrono::seconds(std::min<std::int64_t>(seconds, 3'600)));
  }
  std::tm fields{};
  const std::string text(value);
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto then = std::chrono::system_clock::from_time_t(::timegm(&fields));
  return usable(std::chrono::duration_cast<std::chrono::milliseconds>(then - now));
}

}  // namespace escrow::http
