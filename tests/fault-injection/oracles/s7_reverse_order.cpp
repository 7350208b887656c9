#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

/// Which branches come behind `branch`, as the log's first value that knew them ordered them: by the request, never by what the
/// coordinator made of it.
sim::BranchSet behind(const core::Transaction& value, int branch) {
  sim::BranchSet found;
  const auto& branches = value.branches;
  const auto is_placed = [&](std::size_t i) { return branches[i].request->kind != protocol::Kind::message; };
  if (value.order == protocol::Order::parallel || !is_placed(static_cast<std::size_t>(branch))) return found;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    if (!is_placed(i)) continue;
    if (value.order == protocol::Order::sequential) {
      if (static_cast<int>(i) > branch) found.insert(static_cast<int>(i));
      continue;
    }
    // `after` names only branches before it, so one pass finds those behind those behind, too.
    for (const auto& id : branches[i].request->after) {
      const auto before = core::find_branch(value, id);
      if (before && (static_cast<int>(*before) == branch || found.contains(static_cast<int>(*before)))) found.insert(static_cast<int>(i));
    }
  }
  return found;
}

}  // namespace

void s7_reverse_order(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    if (one.final == nullptr) continue;
    sim::BranchSet done;
    for (const sim::Committed* row : one.committed) {
      if (row->what != sim::Committed::What::effect) continue;
      if (is_forward(row->operation)) done.insert(row->branch);
      if (!is_undo(row->operation)) continue;
      done.erase(row->branch);
      if (static_cast<std::size_t>(row->branch) >= one.final->branches.size()) continue;
      if (done.empty()) continue;
      behind(*one.final, row->branch).for_each([&](int later) {
        const bool has_undo = !one.final->branches[static_cast<std::size_t>(later)].request->undo_url.empty();
        if (!done.contains(later) || !has_undo || is_resolved(*one.final, later, Role::undo)) return;
        violations.push_back({"S7", one.transaction,
                              name_of(row->branch, row->operation) + " took effect while b" + std::to_string(later) +
                                  ", which comes behind it, was not undone"});
      });
    }
  }
}

}  // namespace escrow::oracles
