#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/decision.hpp"
#include "coordinator/core/transaction.hpp"

namespace escrow::engine::node {

/// What a request is told. Everything in it is durable.
struct Answer {
  /// Why it was refused; nothing: it was accepted.
  std::optional<protocol::ProblemCode> problem;
  /// Something new was recorded (201), not a repeat (200).
  bool created = false;
  /// The transaction as it is in the log; null with most problems.
  std::shared_ptr<const core::Transaction> transaction;
  /// With `gid_conflict`, `branch_conflict`: JSON pointers of what differs from what is recorded.
  std::vector<std::string> differs;
  /// With `invalid`.
  std::vector<protocol::Fault> faults;
  /// A sentence for people, may be empty.
  std::string detail;
};

}  // namespace escrow::engine::node
