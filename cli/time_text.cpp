#include "cli/time_text.hpp"

#include <fmt/format.h>

#include "protocol/timestamp.hpp"

namespace escrow::cli {
namespace {

constexpr Millis second = 1'000;
constexpr Millis minute = 60 * second;
constexpr Millis hour = 60 * minute;
constexpr Millis day = 24 * hour;

std::string two(Millis ms, Millis unit, const char* name, Millis smaller, const char* smaller_name) {
  const Millis rest = ms % unit / smaller;
  if (rest == 0) return fmt::format("{} {}", ms / unit, name);
  return fmt::format("{} {} {} {}", ms / unit, name, rest, smaller_name);
}

}  // namespace

std::string duration_text(Millis ms) {
  if (ms < 0) ms = 0;
  if (ms < second) return fmt::format("{} ms", ms);
  if (ms < 10 * second) return fmt::format("{}.{} s", ms / second, ms % second / 100);
  if (ms < minute) return fmt::format("{} s", ms / second);
  if (ms < hour) return two(ms, minute, "min", second, "s");
  if (ms < day) return two(ms, hour, "h", minute, "min");
  return two(ms, day, "d", hour, "h");
}

std::string time_text(Millis ms, bool fraction) {
  std::string text = protocol::format_timestamp(ms);
  text[10] = ' ';
  return text.substr(0, fraction ? 23 : 19);
}

std::string clock_text(Millis ms) { return protocol::format_timestamp(ms).substr(11, 8); }

std::string relative_text(Millis ms, Millis now) {
  // Below a second nobody can act on the difference, and clocks differ by as much.
  if (ms > now + second - 1) return "in " + duration_text(ms - now);
  if (ms < now - second + 1) return duration_text(now - ms) + " ago";
  return "now";
}

}  // namespace escrow::cli
