#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.hpp"
#include "protocol/words.hpp"

/// What the coordinator shows, as `escrowctl` reads it. Members and words of a newer coordinator do no harm.
namespace escrow::cli {

/// Milliseconds since the Unix epoch.
using Millis = std::int64_t;

struct Operation {
  std::string name;
  std::string state;
  protocol::Role role = protocol::Role::forward;
  std::int64_t attempts = 0;
  std::string url;
  std::optional<std::string> last_error;
  std::optional<Millis> next_attempt_at;
  std::optional<Millis> finished_at;
  std::optional<std::string> output;

  [[nodiscard]] bool is_settled() const;
};

struct Branch {
  std::string id;
  std::string kind;
  std::vector<std::string> after;
  bool is_pivot = false;
  std::optional<std::string> payload;
  std::vector<Operation> operations;

  /// Null: the branch has none.
  [[nodiscard]] const Operation* operation(protocol::Role role) const;
};

struct Attention {
  Millis since = 0;
  /// Empty for a check.
  std::string branch;
  std::string operation;
  std::string reason;
};

struct AbortReason {
  std::string code;
  std::string branch;
  std::string detail;
};

struct Transaction {
  std::string gid;
  std::string mode;
  std::optional<std::string> name;
  std::string status;
  std::string order;
  bool is_interactive = false;
  Millis started_at = 0;
  Millis updated_at = 0;
  std::optional<Millis> finished_at;
  std::optional<Millis> deadline_at;
  std::optional<AbortReason> abort_reason;
  std::vector<Attention> attention;
  std::map<std::string, std::string> attributes;
  std::optional<Operation> check;
  /// Empty in a list.
  std::vector<Branch> branches;

  [[nodiscard]] bool is_terminal() const { return status == "committed" || status == "aborted"; }
  [[nodiscard]] const Branch* branch(const std::string& id) const;
  /// The branches whose forward operation had to be done before this one's, as listing order or `after` says.
  [[nodiscard]] std::vector<const Branch*> predecessors(const Branch& branch) const;
  [[nodiscard]] std::vector<const Branch*> successors(const Branch& branch) const;
};

struct Event {
  std::int64_t seq = 0;
  Millis at = 0;
  std::string type;
  std::string branch;
  std::string operation;
  std::optional<std::int64_t> attempt;
  std::optional<std::string> detail;
  std::optional<std::string> actor;
};

[[nodiscard]] Outcome<Transaction> read_transaction(const nlohmann::json& value);
[[nodiscard]] Outcome<Event> read_event(const nlohmann::json& value);
/// The elements of a member that is a list.
[[nodiscard]] Outcome<std::vector<Transaction>> read_transactions(const nlohmann::json& value);
[[nodiscard]] Outcome<std::vector<Event>> read_events(const nlohmann::json& value);

}  // namespace escrow::cli
