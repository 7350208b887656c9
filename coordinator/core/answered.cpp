#include <algorithm>
#include <bit>
#include <utility>

#include "coordinator/core/backoff.hpp"
#include "coordinator/core/progress.hpp"
#include "coordinator/core/turn.hpp"
#include "protocol/planted_bug.hpp"

/// What an answer means, by the place of the operation: forward, pivot, second phase, check (docs/protocol.md, section 4).
namespace escrow::core {
namespace {

using protocol::AbortCode;
using protocol::EventType;
using protocol::OperationState;
using protocol::Role;
using protocol::Status;
using Class = Outcome::Class;

/// After attention was raised, equal failures are told only when their number is a power of two.
void note_failure(Change& change, OperationRef ref, const std::string& detail) {
  Operation& operation = *find_operation(change.transaction, ref);
  if (operation.attention) {
    operation.equal_failures = operation.last_error == detail ? operation.equal_failures + 1 : 1;
    operation.last_error = detail;
    if (!std::has_single_bit(static_cast<std::uint64_t>(operation.equal_failures))) return;
  }
  operation.last_error = detail;
  change.note(EventType::attempt_failed, ref, detail);
}

/// Zero means the back-off.
bool has_retry_after(const Outcome& outcome) {
  if (ESCROW_PLANTED(retry_after_is_ignored)) return false;
  return outcome.retry_after && *outcome.retry_after > Duration(0);
}

void back_off(Change& change, OperationRef ref, const Answered& event) {
  Operation& operation = *find_operation(change.transaction, ref);
  const auto& retry = retry_of(change.transaction, ref);
  // In attention calls go on at the longest back-off.
  constexpr std::int64_t longest = 1'000'000;
  const Duration pause = backoff(retry, operation.attention ? longest : operation.attempts, event.jitter);
  Duration wait = pause;
  if (has_retry_after(event.outcome)) {
    const Duration asked = std::min(*event.outcome.retry_after, longest_retry_after);
    wait = event.outcome.outcome == Class::in_progress ? asked : std::max(pause, asked);
  }
  if (ESCROW_PLANTED(calls_in_a_tight_loop)) wait = Duration(1);
  if (ESCROW_PLANTED(stops_calling_in_attention) && operation.attention) wait = Duration(86'400'000);
  operation.state = OperationState::backing_off;
  operation.next_attempt_at = change.now + wait;
  change.require(Durability::lazy);
}

/// Called until it succeeds: second phase, the pivot, forward operations behind it, the check.
void call_for_ever(Change& change, OperationRef ref, const Answered& event) {
  Operation& operation = *find_operation(change.transaction, ref);
  const std::int64_t patience = change.transaction.request->attention_after;
  ++operation.fruitless;
  note_failure(change, ref, event.outcome.detail);
  if (event.outcome.outcome == Class::refused && !ESCROW_PLANTED(refusal_raises_no_attention)) {
    raise_attention(change, ref, "refused: " + event.outcome.detail);
  } else if (operation.fruitless >= patience || ESCROW_PLANTED(calls_for_attention_at_once)) {
    raise_attention(change, ref, std::to_string(operation.fruitless) + " calls without success, the last: " + event.outcome.detail);
  }
  back_off(change, ref, event);
  // A Retry-After postpones the call, never the attention that the calls in between would have raised: the first one sets its time, which
  // holds however many follow.
  if (!has_retry_after(event.outcome) || operation.attention) return;
  const auto without = change.now + backoff_sum(retry_of(change.transaction, ref), operation.attempts, patience - operation.fruitless);
  operation.attention_at = std::min(operation.attention_at.value_or(without), without);
}

void succeed(Change& change, OperationRef ref, const Outcome& outcome) {
  Operation& operation = *find_operation(change.transaction, ref);
  settle(change, ref, OperationState::succeeded);
  operation.output = outcome.output;
  if (outcome.output) operation.output_revision = change.transaction.revision + 1;
  change.note(EventType::operation_succeeded, ref);
}

/// Whether something may be called now that could not be called before this forward operation succeeded.
bool opens_a_turn(const Transaction& transaction, std::uint32_t branch) {
  if (transaction.status == Status::committing && transaction.branches[branch].confirm) return true;
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    if (std::ranges::find(transaction.branches[i].predecessors, branch) == transaction.branches[i].predecessors.end()) continue;
    if (predecessors_succeeded(transaction, i)) return true;
  }
  return false;
}

void forward_succeeded(Change& change, OperationRef ref, const Outcome& outcome) {
  succeed(change, ref, outcome);
  if (change.transaction.status == Status::aborting) {
    review_undo(change, ref.branch);
    return;
  }
  // Without this record a crash would forget that the next one was called, and its effect would never be undone.
  if (opens_a_turn(change.transaction, ref.branch) && !ESCROW_PLANTED(asynchronous_step_record)) change.require(Durability::barrier);
  if (change.transaction.status == Status::active && change.transaction.branches[ref.branch].request->pivot) {
    decide_commit(change, "the pivot succeeded", std::nullopt);
  }
}

void forward_refused(Change& change, OperationRef ref, const Outcome& outcome) {
  Branch& branch = change.transaction.branches[ref.branch];
  branch.forward->last_error = outcome.detail;
  settle(change, ref, OperationState::failed);
  change.note(EventType::operation_failed, ref, outcome.detail);
  if (change.transaction.status == Status::active) {
    decide_abort(change, {AbortCode::branch_failed, branch.request->id, outcome.detail}, std::nullopt);
  } else {
    review_undo(change, ref.branch);
  }
  if (branch.request->pivot && branch.forward->maybe_done && !branch.undo) raise_attention(change, ref, "refused after an unknown attempt");
}

void forward_open(Change& change, OperationRef ref, const Answered& event) {
  Transaction& transaction = change.transaction;
  Operation& operation = *find_operation(transaction, ref);
  operation.maybe_done = !ESCROW_PLANTED(unknown_step_is_not_undone);
  if (transaction.status == Status::aborting) {
    note_failure(change, ref, event.outcome.detail);
    settle(change, ref, OperationState::unknown);
    review_undo(change, ref.branch);
    return;
  }
  const Branch& branch = transaction.branches[ref.branch];
  if (branch.request->pivot) {
    call_for_ever(change, ref, event);
    return;
  }
  note_failure(change, ref, event.outcome.detail);
  if (event.outcome.outcome == Class::unknown) ++operation.counted_attempts;
  const std::int64_t limit = retry_of(transaction, ref).max_attempts;
  const bool is_used_up = operation.counted_attempts >= limit || ESCROW_PLANTED(gives_up_after_one_attempt);
  if (limit > 0 && is_used_up && !ESCROW_PLANTED(max_attempts_is_ignored)) {
    settle(change, ref, OperationState::unknown);
    decide_abort(change, {AbortCode::attempts_exhausted, branch.request->id, event.outcome.detail}, std::nullopt);
    return;
  }
  back_off(change, ref, event);
}

void on_forward(Change& change, const Answered& event) {
  const Outcome& outcome = event.outcome;
  if (outcome.outcome == Class::succeeded) return forward_succeeded(change, event.ref, outcome);
  if (ESCROW_PLANTED(garbled_is_success) && outcome.status == 200) return forward_succeeded(change, event.ref, outcome);
  if (ESCROW_PLANTED(confirms_untried) && outcome.status == 0) return forward_succeeded(change, event.ref, outcome);
  if (ESCROW_PLANTED(time_out_is_refusal) && outcome.status == 0) return forward_refused(change, event.ref, outcome);
  if (change.transaction.status == Status::committing) {
    find_operation(change.transaction, event.ref)->maybe_done = true;
    return call_for_ever(change, event.ref, event);
  }
  if (outcome.outcome == Class::refused) return forward_refused(change, event.ref, outcome);
  if (ESCROW_PLANTED(not_now_is_a_no) && outcome.outcome == Class::postponed) return forward_refused(change, event.ref, outcome);
  forward_open(change, event.ref, event);
}

/// 2xx but 202 commits, 409 aborts, everything else is asked again: silence is never a no.
void on_check(Change& change, const Answered& event) {
  const Outcome& outcome = event.outcome;
  if (outcome.outcome == Class::succeeded) {
    settle(change, event.ref, OperationState::succeeded);
    change.transaction.check->resolved = ESCROW_PLANTED(marks_check_resolved);
    change.note(EventType::check_answered, event.ref, "committed");
    decide_commit(change, "the check says so", std::nullopt);
  } else if ((outcome.outcome == Class::refused && outcome.status == 409) || ESCROW_PLANTED(silent_check_is_a_no) ||
             (ESCROW_PLANTED(check_too_early_is_a_no) && outcome.outcome == Class::in_progress)) {
    change.transaction.check->last_error = outcome.detail;
    settle(change, event.ref, OperationState::failed);
    change.note(EventType::check_answered, event.ref, outcome.detail);
    const auto code = ESCROW_PLANTED(check_is_called_an_operator) ? AbortCode::operator_ : AbortCode::check_refused;
    decide_abort(change, {code, std::nullopt, outcome.detail}, std::nullopt);
  } else {
    call_for_ever(change, event.ref, event);
  }
}

}  // namespace

void on_answered(Change& change, const Answered& event) {
  const Operation* operation = find_operation(change.transaction, event.ref);
  // An operator's word came first, or the call belongs to an earlier life of the transaction: its answer no longer counts.
  if (operation == nullptr || operation->state != OperationState::calling) return;
  switch (event.ref.role) {
    case Role::forward: on_forward(change, event); break;
    case Role::check: on_check(change, event); break;
    case Role::confirm:
    case Role::undo:
      if (event.outcome.outcome == Class::succeeded || (ESCROW_PLANTED(gives_up_second_phase) && operation->attempts >= 3)) {
        succeed(change, event.ref, event.outcome);
      } else {
        call_for_ever(change, event.ref, event);
      }
      break;
  }
  advance(change);
}

}  // namespace escrow::core
