#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/model.hpp"
#include "cli/terminal.hpp"

/// What `escrowctl` prints for people. Pure: the same data at the same time makes the same page.
namespace escrow::cli {

[[nodiscard]] std::string list_page(const std::vector<Transaction>& transactions, Millis now, const Look& look);
/// What needs a person, as it was given: oldest first. `total`: how many need one, when these may not be all.
[[nodiscard]] std::string attention_page(const std::vector<Transaction>& transactions, std::optional<std::int64_t> total, Millis now,
                                         const Look& look);
[[nodiscard]] std::string history_page(const std::vector<Event>& events, const Look& look);
/// One line of a live history; `gid` empty: it goes without saying.
[[nodiscard]] std::string event_line(const Event& event, const std::string& gid, const Look& look);
/// The answer of `GET /v1/destinations`.
[[nodiscard]] Outcome<std::string> destinations_page(const nlohmann::json& answer, Millis now, const Look& look);
/// The answers of `GET /v1/info` and `GET /v1/overview`.
[[nodiscard]] Outcome<std::string> info_page(const nlohmann::json& info, const nlohmann::json& overview, bool with_settings, Millis now,
                                             const Look& look);

struct ShowParts {
  bool with_history = false;
  bool with_payloads = false;
};
/// Everything about one transaction: how it stands and why, the timeline, the operations.
[[nodiscard]] std::string transaction_page(const Transaction& transaction, const std::vector<Event>& events, ShowParts parts, Millis now,
                                           const Look& look);
/// Two or three lines: status, why, what is next.
[[nodiscard]] std::string standing_page(const Transaction& transaction, Millis now, const Look& look);

}  // namespace escrow::cli
