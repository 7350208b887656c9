#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"
#include "protocol/words.hpp"

/// What the coordinator shows of a transaction (docs/protocol.md, 3.4), read once and then only looked at. Members that a newer
/// coordinator adds are ignored. Times are RFC 3339 texts in UTC, as they came.
namespace escrow {

using Status = protocol::Status;
using Mode = protocol::Mode;
using Kind = protocol::Kind;
using Order = protocol::Order;
using Operation = protocol::OperationName;
using OperationState = protocol::OperationState;
using AbortCode = protocol::AbortCode;

/// One operation of a branch, or the check of a message.
class OperationView {
 public:
  [[nodiscard]] Operation name() const noexcept { return name_; }
  [[nodiscard]] OperationState state() const noexcept { return state_; }
  [[nodiscard]] std::int64_t attempts() const noexcept { return attempts_; }
  /// Empty for the forward operation of an interactive branch: the initiator makes that call.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// The participant's answer as the exact JSON text it sent; nothing when it sent none.
  [[nodiscard]] const std::optional<std::string>& output() const noexcept { return output_; }
  [[nodiscard]] const std::optional<std::string>& last_error() const noexcept { return last_error_; }
  [[nodiscard]] const std::optional<std::string>& next_attempt_at() const noexcept { return next_attempt_at_; }
  [[nodiscard]] const std::optional<std::string>& finished_at() const noexcept { return finished_at_; }

 private:
  friend class TransactionReader;
  Operation name_ = Operation::action;
  OperationState state_ = OperationState::waiting;
  std::int64_t attempts_ = 0;
  std::string url_;
  std::optional<std::string> output_;
  std::optional<std::string> last_error_;
  std::optional<std::string> next_attempt_at_;
  std::optional<std::string> finished_at_;
};

class BranchView {
 public:
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::vector<std::string>& after() const noexcept { return after_; }
  [[nodiscard]] bool is_pivot() const noexcept { return pivot_; }
  /// The exact JSON text of the request.
  [[nodiscard]] const std::optional<std::string>& payload() const noexcept { return payload_; }
  [[nodiscard]] const std::vector<OperationView>& operations() const noexcept { return operations_; }
  /// Null when the branch has no such operation; valid as long as this view.
  [[nodiscard]] const OperationView* operation(Operation name) const noexcept;

 private:
  friend class TransactionReader;
  std::string id_;
  Kind kind_ = Kind::saga;
  std::vector<std::string> after_;
  bool pivot_ = false;
  std::optional<std::string> payload_;
  std::vector<OperationView> operations_;
};

/// Why a transaction aborted: the first reason that was recorded.
class AbortReason {
 public:
  [[nodiscard]] AbortCode code() const noexcept { return code_; }
  /// The branch that led to it; empty where none did.
  [[nodiscard]] const std::string& branch() const noexcept { return branch_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  friend class TransactionReader;
  AbortCode code_ = AbortCode::initiator;
  std::string branch_;
  std::string detail_;
};

/// An operation that is not getting done and that a person should look at.
class AttentionView {
 public:
  [[nodiscard]] const std::string& since() const noexcept { return since_; }
  [[nodiscard]] const std::string& branch() const noexcept { return branch_; }
  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  friend class TransactionReader;
  std::string since_;
  std::string branch_;
  std::string operation_;
  std::string reason_;
};

/// A transaction as it was, durably, at some moment of the call that fetched it. Immutable; copies are independent.
class TransactionView {
 public:
  /// Errc::broken_answer when the text is not a transaction.
  [[nodiscard]] static Result<TransactionView> parse(std::string_view json);

  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  [[nodiscard]] const std::optional<std::string>& name() const noexcept { return name_; }
  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] bool is_interactive() const noexcept { return interactive_; }
  [[nodiscard]] Order order() const noexcept { return order_; }
  [[nodiscard]] const std::string& started_at() const noexcept { return started_at_; }
  [[nodiscard]] const std::string& updated_at() const noexcept { return updated_at_; }
  [[nodiscard]] const std::optional<std::string>& finished_at() const noexcept { return finished_at_; }
  [[nodiscard]] const std::optional<std::string>& deadline_at() const noexcept { return deadline_at_; }
  [[nodiscard]] const std::optional<AbortReason>& abort_reason() const noexcept { return abort_reason_; }
  [[nodiscard]] const std::vector<AttentionView>& attention() const noexcept { return attention_; }
  [[nodiscard]] const std::map<std::string, std::string>& attributes() const noexcept { return attributes_; }
  /// Empty in a list.
  [[nodiscard]] const std::vector<BranchView>& branches() const noexcept { return branches_; }
  /// Null when there is no such branch; valid as long as this view.
  [[nodiscard]] const BranchView* branch(std::string_view id) const noexcept;
  /// The output of a branch's operation as exact JSON text; nothing when there is none.
  [[nodiscard]] std::optional<std::string> output(std::string_view branch, Operation operation) const;

  /// Whether it has ended: nothing is owed any more.
  [[nodiscard]] bool is_terminal() const noexcept { return protocol::is_terminal(status_); }
  /// Whether commit is decided: it has ended so, or will, whatever happens.
  [[nodiscard]] bool will_commit() const noexcept { return status_ == Status::committing || status_ == Status::committed; }
  /// Whether abort is decided.
  [[nodiscard]] bool will_abort() const noexcept { return status_ == Status::aborting || status_ == Status::aborted; }

  /// The whole answer as it came.
  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  friend class TransactionReader;
  TransactionView() = default;

  std::string json_;
  std::string gid_;
  Mode mode_ = Mode::saga;
  std::optional<std::string> name_;
  Status status_ = Status::active;
  bool interactive_ = false;
  Order order_ = Order::sequential;
  std::string started_at_;
  std::string updated_at_;
  std::optional<std::string> finished_at_;
  std::optional<std::string> deadline_at_;
  std::optional<AbortReason> abort_reason_;
  std::vector<AttentionView> attention_;
  std::map<std::string, std::string> attributes_;
  std::vector<BranchView> branches_;
};

/// One line of a transaction's history.
class EventView {
 public:
  [[nodiscard]] std::int64_t seq() const noexcept { return seq_; }
  [[nodiscard]] const std::string& at() const noexcept { return at_; }
  /// The event's word: `started`, `attempt_failed`, ...
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  [[nodiscard]] const std::optional<std::string>& branch() const noexcept { return branch_; }
  [[nodiscard]] const std::optional<std::string>& operation() const noexcept { return operation_; }
  [[nodiscard]] std::optional<std::int64_t> attempt() const noexcept { return attempt_; }
  [[nodiscard]] const std::optional<std::string>& detail() const noexcept { return detail_; }
  [[nodiscard]] const std::optional<std::string>& actor() const noexcept { return actor_; }

 private:
  friend class TransactionReader;
  std::int64_t seq_ = 0;
  std::string at_;
  std::string type_;
  std::optional<std::string> branch_;
  std::optional<std::string> operation_;
  std::optional<std::int64_t> attempt_;
  std::optional<std::string> detail_;
  std::optional<std::string> actor_;
};

/// One page of a list, newest first; its transactions come without branches.
class TransactionPage {
 public:
  [[nodiscard]] const std::vector<TransactionView>& transactions() const noexcept { return transactions_; }
  /// What to give to `ListQuery::cursor` for the next page; nothing on the last one.
  [[nodiscard]] const std::optional<std::string>& next_cursor() const noexcept { return next_cursor_; }

 private:
  friend class TransactionReader;
  std::vector<TransactionView> transactions_;
  std::optional<std::string> next_cursor_;
};

/// `GET /v1/info`.
class CoordinatorInfo {
 public:
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  [[nodiscard]] const std::string& node() const noexcept { return node_; }
  /// Made with the database: another one means that another history answers.
  [[nodiscard]] const std::string& store_id() const noexcept { return store_id_; }
  /// The whole answer as it came.
  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  friend class TransactionReader;
  std::string version_;
  std::string node_;
  std::string store_id_;
  std::string json_;
};

}  // namespace escrow
