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

// Asked several times in each step of a node, so nothing here takes memory where it can do without: `visit` gets one turn after the other,
// and the walk ends when it answers false.

template <class Visit>
bool visit_forward_turns(const Transaction& transaction, Visit visit) {
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    if (is_open(transaction.branches[i].forward) && predecessors_succeeded(transaction, i) && !visit(OperationRef{i, Role::forward}))
      return false;
  }
  return true;
}

template <class Visit>
bool visit_confirm_turns(const Transaction& transaction, Visit visit) {
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    const Branch& branch = transaction.branches[i];
    const bool tried = ESCROW_PLANTED(confirms_before_its_try) || !branch.forward || branch.forward->state == OperationState::succeeded;
    if (is_open(branch.confirm) && tried && !visit(OperationRef{i, Role::confirm})) return false;
  }
  return true;
}

/// Some branches of a transaction; a word holds those of most.
class Marks {
 public:
  explicit Marks(std::size_t size) : many_(size > 64 ? size : 0) {}
  [[nodiscard]] bool operator[](std::uint32_t i) const { return many_.empty() ? (few_ >> i & 1U) != 0 : many_[i]; }
  void set(std::uint32_t i) {
    if (many_.empty()) {
      few_ |= std::uint64_t{1} << i;
    } else {
      many_[i] = true;
    }
  }

 private:
  std::uint64_t few_ = 0;
  std::vector<bool> many_;
};

// A branch is undone only after every branch that came after it is undone, and after its own forward call in flight has ended.
template <class Visit>
bool visit_undo_turns(const Transaction& transaction, Visit visit) {
  const auto size = static_cast<std::uint32_t>(transaction.branches.size());
  const bool is_graph = transaction.order == protocol::Order::graph;
  const std::vector<std::uint32_t> order = is_graph ? in_order(transaction) : std::vector<std::uint32_t>();
  Marks held_back(size);
  for (std::uint32_t left = size; left-- > 0;) {
    const std::uint32_t i = is_graph ? order[left] : left;
    const Branch& branch = transaction.branches[i];
    const bool in_flight = is_open(branch.forward);
    const bool is_owed = is_open(branch.undo);
    if (is_owed && !in_flight && !held_back[i] && !visit(OperationRef{i, Role::undo})) return false;
    if ((held_back[i] || in_flight || is_owed) && !ESCROW_PLANTED(undoes_in_any_order)) {
      for (const auto before : branch.predecessors) held_back.set(before);
    }
  }
  return true;
}

template <class Visit>
bool visit_turns(const Transaction& transaction, Visit visit) {
  switch (transaction.status) {
    case Status::active:
      return visit_forward_turns(transaction, visit) &&
             (!ESCROW_PLANTED(confirms_before_the_commit) || visit_confirm_turns(transaction, visit)) &&
             (!is_open(transaction.check) || visit(OperationRef{0, Role::check}));
    case Status::committing: return visit_forward_turns(transaction, visit) && visit_confirm_turns(transaction, visit);
    case Status::aborting:
      return (!ESCROW_PLANTED(forward_after_the_abort) || visit_forward_turns(transaction, visit)) && visit_undo_turns(transaction, visit);
    case Status::committed:
    case Status::aborted: break;
  }
  return true;
}

bool may_be_called(const Operation& operation, Time now) {
  return operation.state != OperationState::calling && (!operation.next_attempt_at || *operation.next_attempt_at <= now);
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
  visit_turns(transaction, [&](OperationRef ref) {
    found.push_back(ref);
    return true;
  });
  return found;
}

std::vector<OperationRef> ready(const Transaction& transaction, Time now) {
  std::vector<OperationRef> found;
  visit_turns(transaction, [&](OperationRef ref) {
    if (may_be_called(*find_operation(transaction, ref), now)) found.push_back(ref);
    return true;
  });
  return found;
}

bool has_ready(const Transaction& transaction, Time now) {
  return !visit_turns(transaction, [&](OperationRef ref) { return !may_be_called(*find_operation(transaction, ref), now); });
}

bool is_ready(const Transaction& transaction, OperationRef wanted, Time now) {
  return !visit_turns(transaction,
                      [&](OperationRef ref) { return ref != wanted || !may_be_called(*find_operation(transaction, ref), now); });
}

std::vector<OperationRef> attention_due(const Transaction& transaction, Time now) {
  std::vector<OperationRef> found;
  visit_turns(transaction, [&](OperationRef ref) {
    const Operation& operation = *find_operation(transaction, ref);
    if (operation.attention_at && *operation.attention_at <= now) found.push_back(ref);
    return true;
  });
  return found;
}

std::optional<Time> due_at(const Transaction& transaction) {
  if (transaction.is_terminal()) return std::nullopt;
  if (is_calling(transaction)) return transaction.updated_at;
  std::optional<Time> due;
  const auto earlier = [&due](Time time) { due = due ? std::min(*due, time) : time; };
  visit_turns(transaction, [&](OperationRef ref) {
    const Operation& operation = *find_operation(transaction, ref);
    earlier(operation.next_attempt_at.value_or(transaction.updated_at));
    if (operation.attention_at) earlier(*operation.attention_at);
    return true;
  });
  if (deadline_has_power(transaction)) earlier(*transaction.deadline_at);
  // Unfinished and nothing to wait for but an operator (a pivot refused after an unknown attempt), or an initiator without deadline.
  return due;
}

std::optional<Time> next_timer(const Transaction& transaction, Time now) {
  std::optional<Time> next;
  const auto earlier = [&next](Time time) { next = next ? std::min(*next, time) : time; };
  visit_turns(transaction, [&](OperationRef ref) {
    const Operation& operation = *find_operation(transaction, ref);
    if (operation.next_attempt_at && *operation.next_attempt_at > now) earlier(*operation.next_attempt_at);
    if (operation.attention_at) earlier(*operation.attention_at);
    return true;
  });
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

bool is_calling(const Transaction& transaction) {
  const auto called = [](const std::optional<Operation>& operation) { return operation && operation->state == OperationState::calling; };
  return called(transaction.check) || std::ranges::any_of(transaction.branches, [&](const Branch& branch) {
           return called(branch.forward) || called(branch.confirm) || called(branch.undo);
         });
}

bool has_attention(const Transaction& transaction) {
  const auto raised = [](const std::optional<Operation>& operation) { return operation && operation->attention.has_value(); };
  return raised(transaction.check) || std::ranges::any_of(transaction.branches, [&](const Branch& branch) {
           return raised(branch.forward) || raised(branch.confirm) || raised(branch.undo);
         });
}

}  // namespace escrow::core
