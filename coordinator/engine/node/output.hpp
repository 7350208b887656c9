#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "coordinator/engine/node/answer.hpp"
#include "coordinator/store/log.hpp"

/// What a node wants done. The driver performs outputs in order, before the next step.
namespace escrow::engine::node {

/// Write the transaction as it is now; answered by `WriteAnswered`. At most one per gid is under way.
struct WriteWanted {
  /// Valid until the next step.
  const core::Transaction* transaction = nullptr;
  std::optional<core::Time> due_at;
  std::vector<core::HistoryEvent> history;
  /// A start: the store may shed it under load. Anything else is owed.
  bool is_new_work = false;
};
struct LoadWanted {
  protocol::Gid gid;
};
/// Read what is due after `after` (nothing: from the beginning) up to `until`; answered by `DueLoaded`.
struct DueWanted {
  std::optional<store::DuePosition> after;
  core::Time until;
  std::size_t limit = 0;
};
/// Call a participant; answered by `CallEnded`, always.
struct CallWanted {
  std::uint64_t call = 0;
  protocol::Gid gid;
  /// Null for a check.
  std::shared_ptr<const protocol::BranchRequest> branch;
  /// For the transaction's headers.
  std::shared_ptr<const protocol::StartRequest> request;
  core::Trace trace;
  protocol::Role role = protocol::Role::forward;
  protocol::OperationName operation = protocol::OperationName::action;
  protocol::Phase phase = protocol::Phase::forward;
  std::int64_t attempt = 0;
  std::string url;
  core::Duration timeout{0};
};
struct Answered {
  std::uint64_t token = 0;
  Answer answer;
};

using Output = std::variant<WriteWanted, LoadWanted, DueWanted, CallWanted, Answered>;

}  // namespace escrow::engine::node
