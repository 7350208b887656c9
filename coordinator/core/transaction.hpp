#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/time.hpp"
#include "protocol/start_request.hpp"

/// What the coordinator knows of one global transaction. Values only: `decide` changes them, `store` remembers them, the server shows them.
namespace escrow::core {

/// The state of an operation that is not getting done and that a person should look at.
struct Attention {
  Time since;
  std::string reason;

  bool operator==(const Attention&) const = default;
};

/// A call owed to a branch (or the check owed to the initiator), and how far it has come.
struct Operation {
  protocol::OperationState state = protocol::OperationState::waiting;
  /// Calls made; a crash may lose the last ones.
  std::int64_t attempts = 0;
  /// Those of them that count for `max_attempts`: forward attempts that ended without a definite answer and without "not now".
  std::int64_t counted_attempts = 0;
  /// Calls since the last success that count for attention.
  std::int64_t fruitless = 0;
  /// Equal failures since attention was raised; only powers of two of them are told in the history.
  std::int64_t equal_failures = 0;
  /// Whether an attempt ended without a definite answer, so that its effect may be there.
  bool maybe_done = false;
  /// Whether an operator's word settled it.
  bool resolved = false;
  /// When it is called next, if it backs off; for a check that has not been asked yet, when it will be.
  std::optional<Time> next_attempt_at;
  /// When attention is due although no call is made: a Retry-After does not postpone attention.
  std::optional<Time> attention_at;
  std::optional<Time> finished_at;
  std::optional<std::string> last_error;
  /// A complete JSON body of the answer, up to 64 KiB; its bytes as they came.
  std::shared_ptr<const std::string> output;
  /// The revision of the transaction that records `output` first: outputs are written once.
  std::int64_t output_revision = 0;
  std::optional<Attention> attention;
};

struct Branch {
  std::shared_ptr<const protocol::BranchRequest> request;
  /// Indexes of the branches that must have succeeded before this one is called.
  std::vector<std::uint32_t> predecessors;
  std::optional<Operation> forward;
  std::optional<Operation> confirm;
  std::optional<Operation> undo;
  /// The revision of the transaction that records this branch first.
  std::int64_t registered_revision = 0;

  [[nodiscard]] const Operation* operation(protocol::Role role) const;
  [[nodiscard]] Operation* operation(protocol::Role role);
};

struct AbortReason {
  protocol::AbortCode code = protocol::AbortCode::initiator;
  std::optional<protocol::BranchId> branch;
  /// Up to 1 KiB, without control characters.
  std::string detail;

  bool operator==(const AbortReason&) const = default;
};

/// W3C Trace Context of the start request; empty where it had none.
struct Trace {
  std::string traceparent;
  std::string tracestate;
};

struct Transaction {
  /// As started, defaults filled in; `branches` below holds all branches, those of the start first.
  std::shared_ptr<const protocol::StartRequest> request;
  std::vector<Branch> branches;
  protocol::Order order = protocol::Order::sequential;
  protocol::Status status = protocol::Status::active;
  Time started_at;
  Time updated_at;
  std::optional<Time> finished_at;
  /// Null where a timeout has no meaning: with a check, and in a driven message.
  std::optional<Time> deadline_at;
  std::optional<AbortReason> abort_reason;
  /// That the pivot's turn has come: from then on nothing but its own refusal aborts.
  bool pivot_reached = false;
  std::optional<Operation> check;
  Trace trace;
  /// 0: not in the log yet. Each accepted write adds one.
  std::int64_t revision = 0;
  /// The run of the coordinator that wrote this revision (set by the store): another run means recovery.
  std::int64_t run = 0;

  [[nodiscard]] const protocol::Gid& gid() const { return request->gid; }
  [[nodiscard]] bool is_terminal() const { return protocol::is_terminal(status); }
};

/// Names one operation of a transaction: `branch` is an index into `branches`, without meaning for `Role::check`.
struct OperationRef {
  std::uint32_t branch = 0;
  protocol::Role role = protocol::Role::forward;

  auto operator<=>(const OperationRef&) const = default;
};

[[nodiscard]] const Operation* find_operation(const Transaction& transaction, OperationRef ref);
[[nodiscard]] Operation* find_operation(Transaction& transaction, OperationRef ref);
[[nodiscard]] protocol::OperationName name_of(const Transaction& transaction, OperationRef ref);
[[nodiscard]] std::optional<std::uint32_t> find_branch(const Transaction& transaction, const protocol::BranchId& id);
/// The branch marked as pivot, if there is one.
[[nodiscard]] std::optional<std::uint32_t> pivot_of(const Transaction& transaction);
/// The retry policy and limits in force for an operation: its branch's, or the transaction's for a check.
[[nodiscard]] const protocol::RetryPolicy& retry_of(const Transaction& transaction, OperationRef ref);
[[nodiscard]] std::int64_t request_timeout_ms_of(const Transaction& transaction, OperationRef ref);
[[nodiscard]] const std::string& url_of(const Transaction& transaction, OperationRef ref);

/// One line of the history. `seq` is the store's.
struct HistoryEvent {
  protocol::EventType type = protocol::EventType::started;
  Time at;
  std::optional<protocol::BranchId> branch;
  std::optional<protocol::OperationName> operation;
  std::optional<std::int64_t> attempt;
  std::optional<std::string> detail;
  std::optional<std::string> actor;
};

}  // namespace escrow::core
