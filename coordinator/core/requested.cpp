#include <algorithm>
#include <utility>

#include "coordinator/core/order.hpp"
#include "coordinator/core/progress.hpp"
#include "coordinator/core/turn.hpp"
#include "protocol/planted_bug.hpp"
#include "protocol/registration.hpp"

/// What initiators and operators ask for (docs/protocol.md, 3.3 and 3.5).
namespace escrow::core {
namespace {

using protocol::AbortCode;
using protocol::EventType;
using protocol::OperationState;
using protocol::ProblemCode;
using protocol::Role;
using protocol::Status;

bool refuse(Change& change, ProblemCode code) {
  change.decision.refusal = code;
  return false;
}

void refuse_invalid(Change& change, std::string pointer, std::string detail) {
  change.decision.faults.push_back({std::move(pointer), std::move(detail)});
  change.decision.refusal = ProblemCode::invalid;
}

/// Branches of one registration that are not recorded yet, and where in it they stood.
struct Fresh {
  std::vector<std::shared_ptr<const protocol::BranchRequest>> branches;
  std::vector<std::size_t> places;
};

/// "/0/after" of the fresh ones is "/2/after" of what was given, if two known ones came first.
std::string given_pointer(const std::string& pointer, const Fresh& fresh) {
  if (pointer.empty()) return pointer;
  const auto end = std::min(pointer.find('/', 1), pointer.size());
  return "/" + std::to_string(fresh.places.at(std::stoul(pointer.substr(1, end - 1)))) + pointer.substr(end);
}

bool is_ordered(const protocol::BranchRequest& branch) { return branch.kind != protocol::Kind::message; }

/// Checks that need no more than the fresh branches and those that are there; false: refused.
bool may_register(Change& change, const Fresh& fresh, std::size_t limit) {
  std::vector<const protocol::BranchRequest*> known;
  for (const Branch& branch : change.transaction.branches) known.push_back(branch.request.get());
  std::vector<const protocol::BranchRequest*> added;
  for (const auto& branch : fresh.branches) added.push_back(branch.get());
  if (known.size() + added.size() > limit) {
    change.decision.faults.push_back({"", "more than " + std::to_string(limit) + " branches"});
  }
  auto faults = protocol::check_registration(known, added, change.transaction.order == protocol::Order::graph);
  for (auto& fault : faults) fault.pointer = given_pointer(fault.pointer, fresh);
  std::ranges::move(faults, std::back_inserter(change.decision.faults));
  return change.decision.faults.empty() || refuse(change, ProblemCode::invalid);
}

/// The first branch that has a place in the order decides whether the transaction is a graph.
void settle_order(Transaction& transaction, const Fresh& fresh) {
  if (std::ranges::any_of(transaction.branches, [](const Branch& branch) { return is_ordered(*branch.request); })) return;
  const auto first = std::ranges::find_if(fresh.branches, [](const auto& branch) { return is_ordered(*branch); });
  if (first != fresh.branches.end() && (*first)->has_after) transaction.order = protocol::Order::graph;
}

bool is_owed(const Transaction& transaction, OperationRef ref, const Operation& operation) {
  const bool open = !protocol::is_settled(operation.state);
  switch (transaction.status) {
    case Status::active:
      return open && (ref.role == Role::check ||
                      (ref.role == Role::forward && transaction.pivot_reached && transaction.branches[ref.branch].request->pivot));
    case Status::committing: return open && (ref.role == Role::forward || ref.role == Role::confirm);
    case Status::aborting:
      return (open && ref.role == Role::undo) ||
             (ref.role == Role::forward && operation.state == OperationState::failed && operation.attention);
    case Status::committed:
    case Status::aborted: return false;
  }
  return false;
}

/// The same word again, not its opposite: who says that a pivot was refused must not be told that this is recorded when it committed. A
/// pivot that stood in attention was refused already, whatever the operator's word for it.
bool is_repeat(const Transaction& transaction, const Operation& operation, bool succeeded) {
  if (operation.state == OperationState::succeeded) return succeeded;
  const bool decided = transaction.abort_reason && transaction.abort_reason->code == AbortCode::operator_;
  return !succeeded || !decided;
}

void resolve_check(Change& change, const Resolved& event) {
  if (event.succeeded) {
    decide_commit(change, event.reason, event.actor);
  } else {
    decide_abort(change, {AbortCode::operator_, std::nullopt, event.reason}, event.actor);
  }
}

void resolve_pivot(Change& change, const Resolved& event) {
  if (event.succeeded) {
    decide_commit(change, event.reason, event.actor);
    return;
  }
  Branch& branch = change.transaction.branches[event.ref.branch];
  // A call that was made may still arrive after the operator's word: where there is a compensation it is called, and bars a late effect.
  branch.forward->maybe_done = branch.forward->attempts > 0 || branch.forward->maybe_done;
  decide_abort(change, {AbortCode::operator_, branch.request->id, event.reason}, event.actor);
}

}  // namespace

void on_registered(Change& change, const BranchesRegistered& event) {
  Transaction& transaction = change.transaction;
  Fresh fresh;
  for (std::size_t i = 0; i < event.branches.size(); ++i) {
    const auto known = find_branch(transaction, event.branches[i]->id);
    if (!known) {
      fresh.branches.push_back(event.branches[i]);
      fresh.places.push_back(i);
      continue;
    }
    if (ESCROW_PLANTED(branch_conflict_goes_unnoticed)) continue;
    for (const auto& pointer : protocol::differences(*transaction.branches[*known].request, *event.branches[i])) {
      change.decision.differs.push_back("/" + std::to_string(i) + pointer);
    }
  }
  if (!change.decision.differs.empty()) {
    refuse(change, ProblemCode::branch_conflict);
    return;
  }
  if (fresh.branches.empty() || !may_register(change, fresh, event.limit)) return;
  settle_order(transaction, fresh);
  const auto first = static_cast<std::uint32_t>(transaction.branches.size());
  for (auto& request : fresh.branches) {
    transaction.branches.push_back(make_branch(transaction, std::move(request)));
  }
  for (auto i = first; i < transaction.branches.size(); ++i) {
    transaction.branches[i].predecessors = predecessors_of(transaction, i);
    change.note(EventType::branch_registered, std::nullopt, event.actor);
    change.decision.history.back().branch = transaction.branches[i].request->id;
  }
  change.decision.created = true;
  change.require(Durability::barrier);
}

void on_commit_requested(Change& change, const CommitRequested& event) {
  decide_commit(change, event.reason, event.actor);
  advance(change);
}

void on_abort_requested(Change& change, const AbortRequested& event) {
  if (change.transaction.pivot_reached && !ESCROW_PLANTED(aborts_past_the_pivot)) {
    refuse(change, ProblemCode::past_pivot);
    return;
  }
  decide_abort(change, {event.code, std::nullopt, event.reason.value_or("")}, event.actor);
  advance(change);
}

void on_extended(Change& change, const Extended& event) {
  if (!change.transaction.deadline_at) return refuse_invalid(change, "", "a transaction with a check has no deadline");
  change.transaction.deadline_at = change.now + Duration(event.timeout_ms);
  change.note(EventType::extended, "timeout_ms " + std::to_string(event.timeout_ms), event.actor);
  change.require(Durability::barrier);
}

void on_resolved(Change& change, const Resolved& event) {
  Operation* operation = find_operation(change.transaction, event.ref);
  if (operation != nullptr && operation->resolved && is_repeat(change.transaction, *operation, event.succeeded)) return;
  const bool any_word_counts = ESCROW_PLANTED(any_word_counts) && operation != nullptr && !protocol::is_settled(operation->state);
  if (operation == nullptr || !(any_word_counts || is_owed(change.transaction, event.ref, *operation))) {
    refuse(change, ProblemCode::not_resolvable);
    return;
  }
  const bool stands = operation->state == OperationState::failed;
  const bool decides = change.transaction.status == Status::active;
  if (!event.succeeded && !decides && !stands) return refuse_invalid(change, "/outcome", "only a pivot can be resolved as refused");
  operation->resolved = true;
  const std::string_view outcome =
      event.ref.role == Role::check ? (event.succeeded ? "committed" : "aborted") : (event.succeeded ? "succeeded" : "refused");
  change.note(EventType::operation_resolved, event.ref, std::string(outcome) + ": " + event.reason, event.actor);
  const OperationState settled = stands || !event.succeeded ? OperationState::failed : OperationState::succeeded;
  settle(change, event.ref, settled);
  change.require(Durability::barrier);
  if (decides) {
    if (event.ref.role == Role::check) {
      resolve_check(change, event);
    } else {
      resolve_pivot(change, event);
    }
  }
  advance(change);
}

void on_retried_now(Change& change, const RetriedNow& event) {
  bool any = false;
  for (const OperationRef ref : turns(change.transaction)) {
    Operation& operation = *find_operation(change.transaction, ref);
    if (operation.state != OperationState::backing_off) continue;
    operation.next_attempt_at = change.now;
    any = true;
  }
  if (!any) return;
  change.note(EventType::retried_now, event.reason, event.actor);
  change.require(Durability::barrier);
}

}  // namespace escrow::core
