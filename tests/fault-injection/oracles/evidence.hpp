#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/sim/history.hpp"

/// What the oracles look at, and what they say. They judge from participants' tables, the wire, the clients' histories and the log.
namespace escrow::oracles {

using protocol::OperationName;
using protocol::OperationState;
using protocol::Role;
using protocol::Status;

/// Everything that observers saw of one transaction, each list in order.
struct Case {
  int transaction = -1;
  std::vector<const sim::Sent*> sent;
  std::vector<const sim::Ended*> ended;
  std::vector<const sim::Committed*> committed;
  std::vector<const sim::Written*> written;
  std::vector<const sim::Asked*> asked;
  std::vector<const sim::Told*> told;
  std::vector<const sim::BarrierRow*> rows;
  /// What the log held at the end; null: nothing.
  const core::Transaction* final = nullptr;

  [[nodiscard]] std::size_t effects(int branch, OperationName operation) const;
  /// The log as it was when `seq` happened; null: nothing durable yet.
  [[nodiscard]] const core::Transaction* log_before(std::uint64_t seq) const;
};

struct Evidence {
  explicit Evidence(const sim::History& seen);
  const sim::History& history;
  std::vector<Case> cases;
};

struct Violation {
  std::string_view oracle;
  int transaction = -1;
  std::string what;
};
using Violations = std::vector<Violation>;

[[nodiscard]] bool is_forward(OperationName operation);
[[nodiscard]] bool is_undo(OperationName operation);
/// The place of an operation in its branch as the log's final value knows it; nothing: the branch is not there.
[[nodiscard]] std::optional<Role> role_in(const core::Transaction& transaction, int branch, OperationName operation);
/// Whether the operation was settled by an operator's word, which nobody else can vouch for.
[[nodiscard]] bool is_resolved(const core::Transaction& transaction, int branch, Role role);
[[nodiscard]] std::string name_of(int branch, OperationName operation);

}  // namespace escrow::oracles
