#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

bool is_step(Status from, Status to) {
  switch (from) {
    case Status::active: return true;
    case Status::committing: return to == Status::committing || to == Status::committed;
    case Status::aborting: return to == Status::aborting || to == Status::aborted;
    case Status::committed:
    case Status::aborted: return false;
  }
  return false;
}

/// Why `to` cannot come after `from`; empty: it can.
std::string fault_of(const core::Transaction& from, const core::Transaction& to) {
  if (to.revision != from.revision + 1) return "revision " + std::to_string(to.revision) + " after " + std::to_string(from.revision);
  if (!is_step(from.status, to.status))
    return std::string(protocol::to_string(to.status)) + " after " + std::string(protocol::to_string(from.status));
  if (from.pivot_reached && !from.abort_reason && to.abort_reason) {
    const auto code = to.abort_reason->code;
    if (code != protocol::AbortCode::branch_failed && code != protocol::AbortCode::operator_) return "it aborted past its pivot";
  }
  if (from.pivot_reached && !to.pivot_reached) return "the pivot's turn was taken back";
  if (from.abort_reason && from.abort_reason != to.abort_reason) return "the abort has another reason";
  if (to.branches.size() < from.branches.size()) return "a branch has vanished";
  if (to.branches.size() > from.branches.size() && from.status != Status::active) return "a branch came after the decision";
  for (std::size_t i = 0; i < from.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) {
      const auto* before = from.branches[i].operation(role);
      const auto* after = to.branches[i].operation(role);
      if (before == nullptr) continue;
      if (after == nullptr) return "an operation has vanished";
      if (protocol::is_settled(before->state) && after->state != before->state) {
        return "b" + std::to_string(i) + " " + std::string(protocol::to_string(role)) + " was " +
               std::string(protocol::to_string(before->state)) + " and is " + std::string(protocol::to_string(after->state));
      }
      if (before->maybe_done && !after->maybe_done && !before->resolved)
        return "b" + std::to_string(i) + " forgot an attempt without an answer";
    }
  }
  return "";
}

/// A terminal transaction has nothing left that is open.
std::string fault_of_end(const core::Transaction& value) {
  if (!value.is_terminal()) return "";
  for (std::size_t i = 0; i < value.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) {
      const auto* operation = value.branches[i].operation(role);
      if (operation != nullptr && !protocol::is_settled(operation->state)) {
        return "it ended, and b" + std::to_string(i) + " " + std::string(protocol::to_string(role)) + " is " +
               std::string(protocol::to_string(operation->state));
      }
    }
  }
  return "";
}

}  // namespace

void s11_monotone(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    const core::Transaction* before = nullptr;
    for (const sim::Written* write : one.written) {
      const core::Transaction& value = *write->value;
      std::string fault = before == nullptr ? (value.revision == 1 ? "" : "it begins with revision " + std::to_string(value.revision))
                                            : fault_of(*before, value);
      if (fault.empty()) fault = fault_of_end(value);
      if (!fault.empty()) violations.push_back({"S11", one.transaction, fault});
      before = &value;
    }
  }
}

}  // namespace escrow::oracles
