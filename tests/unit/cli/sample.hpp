#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model.hpp"

/// Transactions as a coordinator shows them, for pages and explanations.
namespace escrow::cli::testing {

using nlohmann::json;

/// 2026-01-05T10:00:00.000Z
inline constexpr Millis ten_o_clock = 1'767'607'200'000;
/// A time of that day, in milliseconds after ten.
[[nodiscard]] std::string at(Millis ms);

struct OperationSample {
  std::string state = "waiting";
  std::int64_t attempts = 0;
  json last_error = nullptr;
  json next_attempt_at = nullptr;
};
[[nodiscard]] json operation(const OperationSample& sample, const std::string& url = "http://127.0.0.1:8081/x");

/// A driven saga of the branches `order`, `payment` and `inventory` (the last without an undo), with these forward operations and undos.
[[nodiscard]] json saga(const std::string& status, const std::vector<OperationSample>& forward, const std::vector<OperationSample>& undo);
[[nodiscard]] Transaction read(const json& value);

struct EventSample {
  Millis at;
  std::string type;
  std::string branch = {};
  std::string operation = {};
  std::int64_t attempt = 0;
  std::string detail = {};
};
[[nodiscard]] std::vector<Event> events(const std::vector<EventSample>& samples);

}  // namespace escrow::cli::testing
