#include <algorithm>
#include <array>

#include "tests/fault-injection/oracles/oracles.hpp"

/// What the log holds can be what it says, and is what was written. Checksums, `integrity_check` and foreign keys of a real database are
/// the business of whoever reads it; here it is what they protect.
namespace escrow::oracles {
namespace {

using protocol::Kind;
using protocol::Order;

bool is_in_order(const core::Transaction& value, std::size_t index) {
  const auto& branches = value.branches;
  const core::Branch& branch = branches[index];
  if (branch.request->kind == Kind::message || value.order == Order::parallel) return branch.predecessors.empty();
  if (value.order == Order::graph) {
    return branch.predecessors.size() == branch.request->after.size() &&
           std::ranges::all_of(branch.predecessors, [&](std::uint32_t before) {
             return before < branches.size() &&
                    std::ranges::find(branch.request->after, branches[before].request->id) != branch.request->after.end();
           });
  }
  std::size_t before = index;
  while (before > 0 && branches[before - 1].request->kind == Kind::message) --before;
  if (before == 0) return branch.predecessors.empty();
  return branch.predecessors.size() == 1 && branch.predecessors.front() == before - 1;
}

/// Why a stored value cannot be; empty: it can.
std::string fault_of(const core::Transaction& value, std::size_t known_branches) {
  const bool aborts = value.status == Status::aborting || value.status == Status::aborted;
  if (value.is_terminal() != value.finished_at.has_value()) return "its end and the time of its end contradict each other";
  if (aborts != value.abort_reason.has_value()) return "its status and its abort reason contradict each other";
  if (value.pivot_reached && !core::pivot_of(value)) return "the turn of a pivot has come that is not there";
  if (value.check.has_value() != value.request->check.has_value()) return "its check and its request contradict each other";
  if (value.branches.size() < value.request->branches.size()) return "branches of the start are missing";
  for (std::size_t i = 0; i < value.branches.size(); ++i) {
    const core::Branch& branch = value.branches[i];
    const auto is_owed = [&](Role role) {
      return protocol::operation_name(branch.request->kind, role).has_value() && !branch.request->url(role).empty();
    };
    for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
      if (is_owed(role) != (branch.operation(role) != nullptr)) return "b" + std::to_string(i) + " has not the operations of its kind";
    }
    if (i >= known_branches && !is_in_order(value, i))
      return "b" + std::to_string(i) + " does not come after those that its initiator named";
  }
  return "";
}

bool is_same(const core::Operation* a, const core::Operation* b) {
  if (a == nullptr || b == nullptr) return a == b;
  const bool same_output = (a->output == nullptr) == (b->output == nullptr) && (!a->output || *a->output == *b->output);
  return a->state == b->state && a->attempts == b->attempts && a->counted_attempts == b->counted_attempts && a->fruitless == b->fruitless &&
         a->maybe_done == b->maybe_done && a->resolved == b->resolved && a->next_attempt_at == b->next_attempt_at &&
         a->attention_at == b->attention_at && a->finished_at == b->finished_at && a->last_error == b->last_error &&
         a->attention == b->attention && same_output;
}

/// What differs between a value that was given to the log and what came back; empty: nothing.
std::string difference(const core::Transaction& given, const core::Transaction& stored) {
  if (given.revision != stored.revision || given.status != stored.status) return "another revision or status";
  if (given.order != stored.order || given.pivot_reached != stored.pivot_reached) return "another order, or another word on the pivot";
  if (given.abort_reason != stored.abort_reason || given.deadline_at != stored.deadline_at) return "another abort reason or deadline";
  if (given.started_at != stored.started_at || given.updated_at != stored.updated_at || given.finished_at != stored.finished_at)
    return "other times";
  if (!protocol::differences(*given.request, *stored.request).empty()) return "another request";
  if (!is_same(given.check ? &*given.check : nullptr, stored.check ? &*stored.check : nullptr)) return "another check";
  if (given.branches.size() != stored.branches.size()) return "other branches";
  for (std::size_t i = 0; i < given.branches.size(); ++i) {
    const core::Branch& a = given.branches[i];
    const core::Branch& b = stored.branches[i];
    if (!protocol::differences(*a.request, *b.request).empty()) return "another request of b" + std::to_string(i);
    if (a.predecessors != b.predecessors) return "another order of b" + std::to_string(i);
    for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
      if (!is_same(a.operation(role), b.operation(role)))
        return "another " + std::string(protocol::to_string(role)) + " of b" + std::to_string(i);
    }
  }
  return "";
}

}  // namespace

void s18_integrity(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    const auto complain = [&](std::string what) { violations.push_back({"S18", one.transaction, std::move(what)}); };
    std::size_t known = 0;
    for (const sim::Written* write : one.written) {
      const std::string revision = "revision " + std::to_string(write->value->revision);
      if (const auto fault = fault_of(*write->value, known); !fault.empty()) complain(revision + ": " + fault);
      known = write->value->branches.size();
      if (!write->given) continue;
      if (const auto what = difference(*write->given, *write->value); !what.empty()) complain(revision + " came back with " + what);
    }
    const core::Transaction* last = one.written.empty() ? nullptr : one.written.back()->value.get();
    if (one.final == nullptr) continue;
    if (last == nullptr) {
      complain("the log holds what nobody wrote");
    } else if (last->revision != one.final->revision || last->status != one.final->status) {
      complain("the log holds something else than its last write");
    }
  }
}

}  // namespace escrow::oracles
