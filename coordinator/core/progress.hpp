#pragma once

#include <string>

#include "coordinator/core/decision.hpp"
#include "coordinator/core/event.hpp"

/// How a transaction gets on: the steps that every handler of `decide` shares. Internal to `core`.
namespace escrow::core {

/// A transaction being changed by one event, and the decision that grows with it.
struct Change {
  Transaction& transaction;
  Decision& decision;
  Time now;

  void require(Durability durability) {
    if (durability > decision.durability) decision.durability = durability;
  }
  /// Adds a line to the history.
  void note(protocol::EventType type, std::optional<std::string> detail = std::nullopt, std::optional<std::string> actor = std::nullopt);
  void note(protocol::EventType type, OperationRef ref, std::optional<std::string> detail = std::nullopt,
            std::optional<std::string> actor = std::nullopt);
};

/// Records commit, once; what can no longer be owed is skipped. Barrier.
void decide_commit(Change& change, std::optional<std::string> reason, std::optional<std::string> actor);
/// Records abort, once: no new forward call starts, what was never called is skipped. Barrier.
void decide_abort(Change& change, AbortReason reason, std::optional<std::string> actor);

/// Draws the conclusions of a change: the pivot's turn, commit when all forward operations succeeded, the end when nothing is owed.
void advance(Change& change);

/// The branch's forward operation has ended while the transaction aborts: its undo is owed or skipped.
void review_undo(Change& change, std::uint32_t branch);

/// The operation is done: by an answer, or by an operator's word.
void settle(Change& change, OperationRef ref, protocol::OperationState state);

void raise_attention(Change& change, OperationRef ref, std::string reason);

/// Handlers, one a family of events.
void on_answered(Change& change, const Answered& event);
void on_registered(Change& change, const BranchesRegistered& event);
void on_commit_requested(Change& change, const CommitRequested& event);
void on_abort_requested(Change& change, const AbortRequested& event);
void on_extended(Change& change, const Extended& event);
void on_resolved(Change& change, const Resolved& event);
void on_retried_now(Change& change, const RetriedNow& event);
void on_adopted(Change& change, const Adopted& event);

/// A branch as it stands before anything happened to it; its order is filled in by the caller.
[[nodiscard]] Branch make_branch(const Transaction& transaction, std::shared_ptr<const protocol::BranchRequest> request);

}  // namespace escrow::core
