#include "tests/unit/core/promises.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "coordinator/core/reaction.hpp"
#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

namespace escrow::tests {
namespace {

using core::Durability;
using core::EventKind;
using core::Transaction;
using protocol::EventType;
using protocol::OperationState;
using protocol::Role;
using protocol::Status;

bool tells(const core::Decision& decision, EventType type) {
  return std::ranges::find(decision.history, type, &core::HistoryEvent::type) != decision.history.end();
}

template <class Visit>
void each_operation(const Transaction& transaction, Visit visit) {
  if (transaction.check) visit(core::OperationRef{0, Role::check}, *transaction.check);
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) {
      if (const auto* operation = transaction.branches[i].operation(role)) visit(core::OperationRef{i, role}, *operation);
    }
  }
}

bool may_become(Status from, Status to) {
  if (from == to) return true;
  switch (from) {
    case Status::active: return true;
    case Status::committing: return to == Status::committed;
    case Status::aborting: return to == Status::aborted;
    case Status::committed:
    case Status::aborted: return false;
  }
  return false;
}

bool is_commit(Status status) { return status == Status::committing || status == Status::committed; }

void check_decision(const Transaction& before, const Transaction& after, const core::Decision& decision) {
  REQUIRE(may_become(before.status, after.status));
  const bool decided = before.status == Status::active && after.status != Status::active;
  REQUIRE(tells(decision, EventType::commit_decided) == (decided && is_commit(after.status)));
  REQUIRE(tells(decision, EventType::abort_decided) == (decided && !is_commit(after.status)));
  if (decided) REQUIRE(decision.durability == Durability::barrier);
  const bool ended = !before.is_terminal() && after.is_terminal();
  REQUIRE(tells(decision, EventType::committed) == (ended && after.status == Status::committed));
  REQUIRE(tells(decision, EventType::aborted) == (ended && after.status == Status::aborted));
  if (ended) REQUIRE(decision.durability != Durability::none);
  REQUIRE(after.abort_reason.has_value() == (after.status == Status::aborting || after.status == Status::aborted));
  if (before.abort_reason) REQUIRE(before.abort_reason == after.abort_reason);
  REQUIRE((!before.pivot_reached || after.pivot_reached));
  if (decided && !is_commit(after.status) && after.pivot_reached) {
    REQUIRE(after.branches[*core::pivot_of(after)].forward->state == OperationState::failed);
  }
}

void check_operations(const Transaction& before, const Transaction& after) {
  each_operation(after, [&](core::OperationRef ref, const core::Operation& now) {
    if (protocol::is_settled(now.state)) {
      REQUIRE(now.finished_at.has_value());
      REQUIRE_FALSE(now.next_attempt_at.has_value());
      REQUIRE_FALSE(now.attention_at.has_value());
    }
    if (now.state == OperationState::backing_off) REQUIRE(now.next_attempt_at.has_value());
    if (now.state == OperationState::calling) REQUIRE_FALSE(now.next_attempt_at.has_value());
    if (ref.role == Role::confirm || ref.role == Role::undo) {
      REQUIRE(now.state != OperationState::failed);
      REQUIRE(now.state != OperationState::unknown);
    }
    const auto* then = core::find_operation(before, ref);
    if (then == nullptr) return;
    // A settled operation never moves again, but for the operator's word on a pivot that stands in attention.
    if (protocol::is_settled(then->state)) REQUIRE(then->state == now.state);
    REQUIRE(then->attempts <= now.attempts);
    REQUIRE((!then->maybe_done || now.maybe_done));
  });
}

void check_end(const Transaction& after) {
  REQUIRE(after.is_terminal() == after.finished_at.has_value());
  if (!after.is_terminal()) return;
  each_operation(after, [](core::OperationRef, const core::Operation& operation) {
    REQUIRE(protocol::is_settled(operation.state));
    REQUIRE_FALSE(operation.attention.has_value());
  });
  REQUIRE(core::turns(after).empty());
  REQUIRE_FALSE(core::due_at(after).has_value());
}

/// What is called is worth calling: forward only while active or behind the pivot, confirms only after commit, undos only after abort and
/// never beside the branch's own forward call.
void check_turns(const Transaction& after) {
  for (const auto ref : core::turns(after)) {
    switch (ref.role) {
      case Role::check: REQUIRE(after.status == Status::active); break;
      case Role::forward: REQUIRE((after.status == Status::active || after.status == Status::committing)); break;
      case Role::confirm: {
        REQUIRE(after.status == Status::committing);
        const auto& forward = after.branches[ref.branch].forward;
        REQUIRE((!forward || forward->state == OperationState::succeeded));
        break;
      }
      case Role::undo: {
        REQUIRE(after.status == Status::aborting);
        const auto& forward = after.branches[ref.branch].forward;
        REQUIRE((!forward || protocol::is_settled(forward->state)));
        break;
      }
    }
  }
}

void check_unchanged(const Transaction& before, const core::Event& event, const Transaction& after, const core::Decision& decision) {
  const EventKind kind = core::kind_of(event);
  const auto reaction = core::reaction(before.status, kind);
  const bool decides = reaction == core::Reaction::decide && !decision.refusal;
  // That a call was begun, and what recovery concludes, is never written by itself.
  const bool unwritten = kind == EventKind::called || kind == EventKind::adopted;
  if (decides && (decision.durability != Durability::none || unwritten)) return;
  REQUIRE(decision.durability == Durability::none);
  REQUIRE(decision.history.empty());
  REQUIRE_FALSE(decision.created);
  REQUIRE(dump(after) == dump(before));
}

}  // namespace

void check_promises(const Transaction& before, const core::Event& event, const Transaction& after, const core::Decision& decision,
                    core::Time now) {
  INFO("event: " << to_string(core::kind_of(event)) << "\nbefore: " << dump(before) << "after: " << dump(after));
  check_unchanged(before, event, after, decision);
  check_decision(before, after, decision);
  check_operations(before, after);
  check_end(after);
  check_turns(after);
  REQUIRE(after.updated_at == (decision.durability == Durability::none ? before.updated_at : now));
  for (const auto& told : decision.history) REQUIRE(told.at == now);
}

}  // namespace escrow::tests
