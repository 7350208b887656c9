#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

bool commits(const core::Transaction& value) { return value.status == Status::committing || value.status == Status::committed; }
bool aborts(const core::Transaction& value) { return value.status == Status::aborting || value.status == Status::aborted; }

/// Why this call must not have been made on what was durable before it; empty: it may.
std::string fault_of(const sim::Sent& sent, const core::Transaction& durable) {
  if (sent.branch < 0) return durable.check ? "" : "there is no check";
  if (static_cast<std::size_t>(sent.branch) >= durable.branches.size()) return "the branch is not registered";
  const core::Branch& branch = durable.branches[static_cast<std::size_t>(sent.branch)];
  const auto role = protocol::role_of(branch.request->kind, sent.operation);
  if (!role) return "the branch has no such operation";
  switch (*role) {
    case Role::confirm:
      if (!commits(durable)) return "no commit is durable";
      return !branch.forward || branch.forward->state == OperationState::succeeded ? "" : "that it was tried is not durable";
    case Role::undo: return aborts(durable) ? "" : "no abort is durable";
    case Role::check: return "";
    case Role::forward: break;
  }
  if (aborts(durable)) return "the abort is durable";
  if (sent.phase == protocol::Phase::final && !commits(durable)) return "no commit is durable, and it says it is final";
  if (branch.request->pivot && !durable.pivot_reached) return "that the pivot's turn has come is not durable";
  for (const auto before : branch.predecessors) {
    const auto& forward = durable.branches[before].forward;
    if (forward && forward->state != OperationState::succeeded) return "the outcome of b" + std::to_string(before) + " is not durable";
  }
  return "";
}

/// Why this value must not have been shown on what was durable before; empty: it may.
std::string fault_of(const core::Transaction& shown, const core::Transaction* durable) {
  if (durable == nullptr) return "nothing is durable";
  if (shown.revision > durable->revision) return "revision " + std::to_string(shown.revision) + " is not durable";
  return "";
}

/// The stored value of that revision says the same of everything that is settled.
std::string difference(const core::Transaction& shown, const core::Transaction& stored) {
  if (shown.status != stored.status) return "the log says " + std::string(protocol::to_string(stored.status));
  if (shown.branches.size() != stored.branches.size()) return "the log has other branches";
  if (shown.pivot_reached != stored.pivot_reached) return "the log says otherwise of the pivot";
  for (std::size_t i = 0; i < shown.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) {
      const auto* here = shown.branches[i].operation(role);
      const auto* there = stored.branches[i].operation(role);
      if (here == nullptr || !protocol::is_settled(here->state)) continue;
      if (there == nullptr || there->state != here->state) {
        return "b" + std::to_string(i) + " " + std::string(protocol::to_string(role)) + " is shown as " +
               std::string(protocol::to_string(here->state));
      }
    }
  }
  return "";
}

void judge_answer(const Case& one, const sim::Told& told, Violations& violations) {
  const core::Transaction& shown = *told.value;
  std::string fault = fault_of(shown, one.log_before(told.seq));
  if (fault.empty()) {
    for (const sim::Written* write : one.written) {
      if (write->seq < told.seq && write->value->revision == shown.revision) fault = difference(shown, *write->value);
    }
  }
  if (!fault.empty()) {
    violations.push_back({"S10", one.transaction,
                          "an answer shows " + std::string(protocol::to_string(shown.status)) + " at revision " +
                              std::to_string(shown.revision) + ": " + fault});
  }
}

}  // namespace

void s10_log_before_act(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (const sim::Sent* sent : one.sent) {
      if (sent->run == 0) continue;
      const auto* durable = one.log_before(sent->seq);
      const std::string fault = durable == nullptr ? "nothing is durable" : fault_of(*sent, *durable);
      if (!fault.empty()) violations.push_back({"S10", one.transaction, name_of(sent->branch, sent->operation) + " was called: " + fault});
    }
    for (const sim::Told* told : one.told) {
      if (told->value) judge_answer(one, *told, violations);
      // A refusal that rests on a decision reveals it.
      if (told->problem != protocol::ProblemCode::already_decided) continue;
      const auto* durable = one.log_before(told->seq);
      if (durable == nullptr || durable->status == Status::active)
        violations.push_back({"S10", one.transaction, "already_decided was told before it was"});
    }
  }
}

}  // namespace escrow::oracles
