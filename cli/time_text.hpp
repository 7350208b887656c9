#pragma once

#include <string>

#include "cli/model.hpp"

/// Times and durations as people read them.
namespace escrow::cli {

/// `840 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`, `9 d 4 h`.
[[nodiscard]] std::string duration_text(Millis ms);
/// `2026-01-05 10:00:00` in UTC; `fraction`: with milliseconds.
[[nodiscard]] std::string time_text(Millis ms, bool fraction = false);
/// `10:00:00`, in UTC.
[[nodiscard]] std::string clock_text(Millis ms);
/// `in 12 s`, `12 s ago`, `now`.
[[nodiscard]] std::string relative_text(Millis ms, Millis now);

}  // namespace escrow::cli
