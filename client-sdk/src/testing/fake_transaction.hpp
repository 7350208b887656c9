#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client-sdk/src/http/exchange.hpp"
#include "protocol/start_request.hpp"
#include "protocol/words.hpp"

namespace escrow::testing {

struct FakeOperation {
  protocol::OperationName name = protocol::OperationName::action;
  std::string url;
  protocol::OperationState state = protocol::OperationState::waiting;
  std::int64_t attempts = 0;
  std::optional<std::string> output;
  std::optional<std::string> last_error;
  bool attention = false;
};

struct FakeBranch {
  protocol::BranchRequest request;
  std::map<protocol::Role, FakeOperation> operations;
  /// A forward attempt ended without a definite answer: it may have had its effect.
  bool may_have_acted = false;
};

/// What the fake coordinator knows of one transaction: plain memory, and its document as docs/protocol.md 3.4 has it.
struct FakeTransaction {
  explicit FakeTransaction(protocol::StartRequest started);

  void add(const protocol::BranchRequest& branch);
  [[nodiscard]] FakeBranch* find(const std::string& id);
  void abort(protocol::AbortCode code, const std::string& branch, const std::string& detail);
  [[nodiscard]] std::string to_json() const;

  /// As it was asked for; branches that came later are added.
  protocol::StartRequest request;
  std::vector<FakeBranch> branches;
  protocol::Status status = protocol::Status::active;
  protocol::AbortCode abort_code = protocol::AbortCode::initiator;
  std::string abort_branch;
  std::string abort_detail;
  FakeOperation check;
};

}  // namespace escrow::testing
