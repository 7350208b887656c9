#include "coordinator/core/progress.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/core/turn.hpp"
#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::core {

using protocol::EventType;
using protocol::OperationState;
using protocol::Role;
using protocol::Status;

namespace {

bool all_forward_succeeded(const Transaction& transaction) {
  return std::ranges::all_of(transaction.branches,
                             [](const Branch& branch) { return !branch.forward || branch.forward->state == OperationState::succeeded; });
}

bool is_open(const std::optional<Operation>& operation) { return operation && !protocol::is_settled(operation->state); }

/// What is still owed after the decision. A pivot refused after an unknown attempt, which nobody can undo, is owed an operator's word.
bool something_is_owed(const Transaction& transaction) {
  return std::ranges::any_of(transaction.branches, [](const Branch& branch) {
    const bool stands = branch.forward && branch.forward->state == OperationState::failed && branch.forward->attention;
    if (ESCROW_PLANTED(ends_before_confirms)) return is_open(branch.forward) || is_open(branch.undo) || stands;
    return is_open(branch.forward) || is_open(branch.confirm) || is_open(branch.undo) || stands;
  });
}

void skip(Change& change, OperationRef ref) {
  const Operation* operation = find_operation(change.transaction, ref);
  if (operation != nullptr && !protocol::is_settled(operation->state)) settle(change, ref, OperationState::skipped);
}

void end(Change& change, Status status) {
  change.transaction.status = status;
  change.transaction.finished_at = change.now;
  change.note(status == Status::committed ? EventType::committed : EventType::aborted);
  change.require(Durability::lazy);
}

/// No new forward call starts after the abort. One that was never called is skipped; one that was, and is not in flight, ends as unknown.
void stop_forward(Change& change, std::uint32_t index) {
  auto& forward = change.transaction.branches[index].forward;
  if (!is_open(forward) || forward->state == OperationState::calling || ESCROW_PLANTED(forward_after_the_abort)) return;
  if (forward->maybe_done) {
    settle(change, {index, Role::forward}, OperationState::unknown);
    return;
  }
  skip(change, {index, Role::forward});
  change.note(EventType::operation_skipped, OperationRef{index, Role::forward});
}

bool is_undone(const Transaction& transaction, const Branch& branch) {
  if (transaction.request->interactive && !ESCROW_PLANTED(registered_is_not_undone)) return true;
  return branch.forward && (branch.forward->state == OperationState::succeeded || branch.forward->maybe_done);
}

}  // namespace

void Change::note(EventType type, std::optional<std::string> detail, std::optional<std::string> actor) {
  // Most decisions tell a few things: one piece of memory for all of them.
  if (decision.history.empty()) decision.history.reserve(4);
  HistoryEvent& event = decision.history.emplace_back();
  event.type = type;
  event.at = now;
  event.detail = std::move(detail);
  event.actor = std::move(actor);
}

void Change::note(EventType type, OperationRef ref, std::optional<std::string> detail, std::optional<std::string> actor) {
  note(type, std::move(detail), std::move(actor));
  HistoryEvent& event = decision.history.back();
  if (ref.role != Role::check) event.branch = transaction.branches[ref.branch].request->id;
  event.operation = name_of(transaction, ref);
  if (const Operation* operation = find_operation(transaction, ref); operation != nullptr && operation->attempts > 0)
    event.attempt = operation->attempts;
}

void decide_commit(Change& change, std::optional<std::string> reason, std::optional<std::string> actor) {
  Transaction& transaction = change.transaction;
  ESCROW_ASSERT(transaction.status == Status::active);
  transaction.status = Status::committing;
  change.note(EventType::commit_decided, std::move(reason), std::move(actor));
  change.require(ESCROW_PLANTED(calls_before_durable) ? Durability::lazy : Durability::barrier);
  skip(change, {0, Role::check});
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) skip(change, {i, Role::undo});
}

void decide_abort(Change& change, AbortReason reason, std::optional<std::string> actor) {
  Transaction& transaction = change.transaction;
  ESCROW_ASSERT(transaction.status == Status::active);
  transaction.status = Status::aborting;
  std::string detail(protocol::to_string(reason.code));
  if (!reason.detail.empty()) detail.append(": ").append(reason.detail);
  change.note(EventType::abort_decided, std::move(detail), std::move(actor));
  if (reason.branch) change.decision.history.back().branch = reason.branch;
  transaction.abort_reason = std::move(reason);
  change.require(ESCROW_PLANTED(calls_before_durable) ? Durability::lazy : Durability::barrier);
  skip(change, {0, Role::check});
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    skip(change, {i, Role::confirm});
    stop_forward(change, i);
    review_undo(change, i);
  }
}

void review_undo(Change& change, std::uint32_t index) {
  Branch& branch = change.transaction.branches[index];
  if (!is_open(branch.undo) || is_open(branch.forward) || is_undone(change.transaction, branch)) return;
  skip(change, {index, Role::undo});
  change.note(EventType::operation_skipped, OperationRef{index, Role::undo});
}

void settle(Change& change, OperationRef ref, OperationState state) {
  Operation& operation = *find_operation(change.transaction, ref);
  operation.state = state;
  operation.finished_at = change.now;
  operation.next_attempt_at.reset();
  operation.attention_at.reset();
  if (operation.attention) {
    operation.attention.reset();
    change.note(EventType::attention_cleared, ref);
  }
  change.require(Durability::lazy);
}

void raise_attention(Change& change, OperationRef ref, std::string reason) {
  Operation& operation = *find_operation(change.transaction, ref);
  if (operation.attention || ESCROW_PLANTED(attention_is_never_raised)) return;
  operation.attention = Attention{change.now, reason};
  operation.attention_at.reset();
  operation.equal_failures = 0;
  change.note(EventType::attention_raised, ref, std::move(reason));
  change.require(Durability::lazy);
}

void advance(Change& change) {
  Transaction& transaction = change.transaction;
  if (transaction.status == Status::active && !transaction.request->interactive) {
    const auto pivot = pivot_of(transaction);
    if (pivot && !transaction.pivot_reached && predecessors_succeeded(transaction, *pivot)) {
      transaction.pivot_reached = true;
      change.require(Durability::barrier);
    }
    if (all_forward_succeeded(transaction)) decide_commit(change, std::nullopt, std::nullopt);
  }
  if (transaction.status == Status::committing && !something_is_owed(transaction))
    end(change, ESCROW_PLANTED(ends_on_the_wrong_side) ? Status::aborted : Status::committed);
  if (transaction.status == Status::aborting && !something_is_owed(transaction)) end(change, Status::aborted);
}

Branch make_branch(const Transaction& transaction, std::shared_ptr<const protocol::BranchRequest> request) {
  Branch branch;
  branch.registered_revision = transaction.revision + 1;
  const auto owed = [&](Role role) -> std::optional<Operation> {
    const bool has = protocol::operation_name(request->kind, role).has_value() && !request->url(role).empty();
    return has ? std::optional<Operation>(Operation{}) : std::nullopt;
  };
  branch.forward = owed(Role::forward);
  branch.confirm = owed(Role::confirm);
  branch.undo = owed(Role::undo);
  branch.request = std::move(request);
  return branch;
}

}  // namespace escrow::core
