#pragma once

#include <escrow/transaction_view.hpp>
#include <string_view>
#include <vector>

#include "protocol/json_reader.hpp"
#include "protocol/result.hpp"

namespace escrow {

/// Reads the coordinator's answers into views. Strict about what the protocol promises, blind for what it doesn't know.
/// The error of all of them is Errc::broken_answer.
class TransactionReader {
 public:
  [[nodiscard]] static Result<TransactionView> transaction(std::string_view json);
  [[nodiscard]] static Result<TransactionPage> page(std::string_view json);
  [[nodiscard]] static Result<std::vector<EventView>> events(std::string_view json);
  [[nodiscard]] static Result<CoordinatorInfo> info(std::string_view json);

 private:
  static TransactionView read_transaction(const protocol::JsonValue& value);
  static BranchView read_branch(const protocol::JsonValue& value);
  static OperationView read_operation(const protocol::JsonMember& member);
  static AbortReason read_abort_reason(const protocol::JsonValue& value);
  static AttentionView read_attention(const protocol::JsonValue& value);
  static EventView read_event(const protocol::JsonValue& value);
};

}  // namespace escrow
