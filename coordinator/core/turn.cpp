#include "coordinator/core/turn.hpp"

#include <algorithm>

#include "coordinator/core/order.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::core {
namespace {

using protocol::OperationState;
using protocol::Role;
using protocol::Status;

bool is_open(const std::optional<Operation>& operation) { return operation && !protocol::is_settled(operation->state); }

void add_forward_turns(const Transaction& transaction, std::vector<OperationRef>& found) {
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    if (is_open(transaction.branches[i].forward) && predecessors_succeeded(transaction, i)) found.push_back({i, Role::forward});
  }
}

void add_confirm_turns(const Transaction& transaction, std::vector<OperationRef>& found) {
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    const Branch& branch = transaction.branches[i];
    const bool tried = ESCROW_PLANTED(confirms_before_its_try) || !branch.forward || branch.forward->state == OperationState::succeeded;
    if (is_open(branch.confirm) && tried) found.push_back({i, Role::confirm});
  }
}

// A branch is undone only after every branch that came after it is undone, and after its own forward call in flight has ended.
void add_undo_turns(const Transaction& transaction, std::vector<OperationRef>& found) {
  const auto order = in_order(transaction);
  std::vector<bool> held_back(transaction.branches.size(), false);
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    const Branch& branch = transaction.branches[*i];
    const bool in_flight = is_open(branch.forward);
    if (is_open(branch.undo) && !in_flight && !held_back[*i]) found.push_back({*i, Role::undo});
    if (held_back[*i] || in_flight || is_open(branch.undo)) {
      for (const auto before : branch.predecessors) held_back[before] = !ESCROW_PLANTED(undoes_in_any_order);
    }
  }
}

}  // namespace

bool predecessors_succeeded(const Transaction& transaction, std::uint32_t branch) {
  if (ESCROW_PLANTED(calls_out_of_order)) return true;
  return std::ranges::all_of(transaction.branches[branch].predecessors, [&](std::uint32_t before) {
    const auto& forward = transaction.branches[before].forward;
    return !forward || forward->state == OperationState::succeeded;
  });
}

std::vector<OperationRef> turns(const Transaction& transaction) {
  std::vector<OperationRef> found;
  switch (transaction.status) {
    case Status::active:
      add_forward_turns(transaction, found);
      if (ESCROW_PLANTED(confirms_before_the_commit)) add_confirm_turns(transaction, found);
      if (is_open(transaction.check)) found.push_back({0, Role::check});
      break;
    case Status::committing:
      add_forward_turns(transaction, found);
      add_confirm_turns(transaction, found);
      break;
    case Status::aborting:
      if (ESCROW_PLANTED(forward_after_the_abort)) add_forward_turns(transaction, found);
      add_undo_turns(transaction, found);
      break;
    case Status::committed:
    case Status::aborted: break;
  }
  return found;
}

std::vector<OperationRef> ready(const Transaction& transaction, Time now) {
  auto found = turns(transaction);
  std::erase_if(found, [&](OperationRef ref) {
    const Operation& operation = *find_operation(transaction, ref);
    if (operation.state == OperationState::calling) return true;
    return operation.next_attempt_at && *operation.next_attempt_at > now;
  });
  return found;
}

std::optional<Time> due_at(const Transaction& transaction) {
  if (transaction.is_terminal()) return std::nullopt;
  if (is_calling(transaction)) return transaction.updated_at;
  std::optional<Time> due;
  const auto earlier = [&due](Time time) { due = due ? std::min(*due, time) : time; };
  for (const OperationRef ref : turns(transaction)) {
    const Operation& operation = *find_operation(transaction, ref);
    earlier(operation.next_attempt_at.value_or(transaction.updated_at));
    if (operation.attention_at) earlier(*operation.attention_at);
  }
  if (deadline_has_power(transaction)) earlier(*transaction.deadline_at);
  // Unfinished and nothing to wait for but an operator (a pivot refused after an unknown attempt), or an initiator without deadline.
  return due;
}

std::optional<Time> next_timer(const Transaction& transaction, Time now) {
  std::optional<Time> next;
  const auto earlier = [&next](Time time) { next = next ? std::min(*next, time) : time; };
  for (const OperationRef ref : turns(transaction)) {
    const Operation& operation = *find_operation(transaction, ref);
    if (operation.next_attempt_at && *operation.next_attempt_at > now) earlier(*operation.next_attempt_at);
    if (operation.attention_at) earlier(*operation.attention_at);
  }
  if (deadline_has_power(transaction)) earlier(*transaction.deadline_at);
  return next;
}

bool deadline_has_power(const Transaction& transaction) {
  return transaction.status == Status::active && transaction.deadline_at &&
         (!transaction.pivot_reached || ESCROW_PLANTED(deadline_past_the_pivot));
}

protocol::Phase phase_of(const Transaction& transaction, OperationRef ref) {
  const bool forward = ref.role == Role::forward && transaction.status == Status::active && !ESCROW_PLANTED(forward_says_final);
  return forward ? protocol::Phase::forward : protocol::Phase::final;
}

std::vector<OperationRef> being_called(const Transaction& transaction) {
  std::vector<OperationRef> found;
  const auto add = [&](OperationRef ref) {
    const Operation* operation = find_operation(transaction, ref);
    if (operation != nullptr && operation->state == OperationState::calling) found.push_back(ref);
  };
  add({0, Role::check});
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) add({i, role});
  }
  return found;
}

bool is_calling(const Transaction& transaction) { return !being_called(transaction).empty(); }

bool has_attention(const Transaction& transaction) {
  const auto raised = [](const std::optional<Operation>& operation) { return operation && operation->attention.has_value(); };
  return raised(transaction.check) || std::ranges::any_of(transaction.branches, [&](const Branch& branch) {
           return raised(branch.forward) || raised(branch.confirm) || raised(branch.undo);
         });
}

}  // namespace escrow::core
