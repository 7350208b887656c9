#include "coordinator/core/decide.hpp"

#include <utility>

#include "coordinator/core/order.hpp"
#include "coordinator/core/progress.hpp"
#include "coordinator/core/reaction.hpp"
#include "coordinator/core/turn.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::core {
namespace {

using protocol::AbortCode;
using protocol::EventType;
using protocol::Mode;
using protocol::OperationState;
using protocol::ProblemCode;
using protocol::Role;
using protocol::Status;

/// Refused before anything else: an initiator's requests make no sense for a driven transaction, whatever its status.
bool needs_interactive(EventKind event) {
  return event == EventKind::branches_registered || event == EventKind::commit_requested || event == EventKind::extended;
}

void on_time_passed(Change& change) {
  Transaction& transaction = change.transaction;
  for (const OperationRef ref : attention_due(transaction, change.now)) {
    const Operation& operation = *find_operation(transaction, ref);
    raise_attention(change, ref, "no success so far, the last: " + operation.last_error.value_or("no answer"));
  }
  const Time now = ESCROW_PLANTED(deadline_fires_early) ? change.now + Duration(60'000) : change.now;
  if (deadline_has_power(transaction) && *transaction.deadline_at <= now && !ESCROW_PLANTED(deadline_never_fires)) {
    decide_abort(
        change,
        {ESCROW_PLANTED(timeout_is_called_an_abort) ? AbortCode::initiator : AbortCode::timeout, std::nullopt, "not committed in time"},
        std::nullopt);
    advance(change);
  }
}

void on_called(Change& change, const Called& event) {
  Operation* operation = find_operation(change.transaction, event.ref);
  if (operation == nullptr || protocol::is_settled(operation->state)) return;
  operation->state = OperationState::calling;
  operation->next_attempt_at.reset();
  if (!ESCROW_PLANTED(attempts_are_not_counted)) ++operation->attempts;
}

struct Handler {
  Change& change;

  void operator()(const BranchesRegistered& event) const { on_registered(change, event); }
  void operator()(const CommitRequested& event) const { on_commit_requested(change, event); }
  void operator()(const AbortRequested& event) const { on_abort_requested(change, event); }
  void operator()(const Extended& event) const { on_extended(change, event); }
  void operator()(const TimePassed&) const { on_time_passed(change); }
  void operator()(const Called& event) const { on_called(change, event); }
  void operator()(const Answered& event) const { on_answered(change, event); }
  void operator()(const Resolved& event) const { on_resolved(change, event); }
  void operator()(const RetriedNow& event) const { on_retried_now(change, event); }
  void operator()(const Adopted& event) const { on_adopted(change, event); }
};

}  // namespace

void on_adopted(Change& change, const Adopted& event) {
  Transaction& transaction = change.transaction;
  const auto due_in_the_log = due_at(transaction);
  const auto call_again = [&](OperationRef ref) {
    Operation& operation = *find_operation(transaction, ref);
    operation.state = OperationState::waiting;
    if (ref.role == Role::forward) operation.maybe_done = !ESCROW_PLANTED(recovery_forgets_open_calls);
  };
  for (const OperationRef ref : turns(transaction)) {
    // That a call is about to be made is never written, so an operation whose turn had come counts as called, with unknown result. The
    // check alone waits for its own time.
    const bool waits = find_operation(transaction, ref)->state == OperationState::waiting;
    if (waits && ref.role != Role::check) call_again(ref);
  }
  // Whatever was being called, also out of turn: an undo may be in flight while memory went back to before the one that it waited for.
  for (const OperationRef ref : being_called(transaction)) call_again(ref);
  if (ESCROW_PLANTED(recovery_forgets_abort) && transaction.status == Status::aborting) transaction.status = Status::active;
  if (transaction.status == Status::aborting) {
    for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
      auto& forward = transaction.branches[i].forward;
      if (!forward || protocol::is_settled(forward->state)) continue;
      forward->maybe_done = true;
      settle(change, {i, Role::forward}, OperationState::unknown);
      review_undo(change, i);
    }
  }
  if (event.by_another_run) {
    change.note(EventType::recovered);
    change.require(Durability::lazy);
  }
  advance(change);
  // A call that was on record as being made but whose turn has not come is owed no more at once: what comes next may lie far behind the
  // time in the log, which pages have passed. Whoever lets go of a transaction relies on both being the same. After any other event they
  // are: it is written, or a call is open, whose answer is.
  if (due_at(transaction) != due_in_the_log && !ESCROW_PLANTED(adopts_without_a_word)) change.require(Durability::lazy);
}

Begun begin(std::shared_ptr<const protocol::StartRequest> request, Trace trace, Time now, std::optional<std::string> actor) {
  Begun begun;
  Transaction& transaction = begun.transaction;
  transaction.request = request;
  transaction.order = request->order;
  transaction.started_at = transaction.updated_at = now;
  transaction.trace = std::move(trace);
  for (const auto& branch : request->branches) {
    // The branches live as long as the request: no copy of their payloads.
    transaction.branches.push_back(make_branch(transaction, std::shared_ptr<const protocol::BranchRequest>(request, &branch)));
  }
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) transaction.branches[i].predecessors = predecessors_of(transaction, i);
  if (request->check) {
    transaction.check.emplace();
    transaction.check->next_attempt_at = now + Duration(request->check_after_ms);
  }
  const bool driven_message = request->mode == Mode::message && !request->interactive;
  if (!request->check && !driven_message) transaction.deadline_at = now + Duration(request->timeout_ms);

  Change change{transaction, begun.decision, now};
  change.note(EventType::started, std::nullopt, std::move(actor));
  change.require(Durability::barrier);
  advance(change);
  return begun;
}

Decision decide(Transaction& transaction, const Event& event, Time now) {
  Decision decision;
  const EventKind kind = kind_of(event);
  if (needs_interactive(kind) && !transaction.request->interactive) {
    decision.refusal = ProblemCode::not_interactive;
    return decision;
  }
  if (ESCROW_PLANTED(acknowledges_the_opposite) && kind == EventKind::abort_requested && transaction.status != Status::active)
    return decision;
  switch (ESCROW_PLANTED(registers_after_decision) && kind == EventKind::branches_registered ? Reaction::decide
                                                                                             : reaction(transaction.status, kind)) {
    case Reaction::decide: break;
    case Reaction::already_decided: decision.refusal = ProblemCode::already_decided; return decision;
    case Reaction::repeat:
    case Reaction::ignore: return decision;
  }
  Change change{transaction, decision, now};
  std::visit(Handler{change}, event);
  if (decision.durability != Durability::none) transaction.updated_at = now;
  return decision;
}

}  // namespace escrow::core
