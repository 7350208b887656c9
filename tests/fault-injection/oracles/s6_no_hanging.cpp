#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s6_no_hanging(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    sim::BranchSet undone;
    for (const sim::Committed* row : one.committed) {
      if (is_undo(row->operation)) undone.insert(row->branch);
      if (row->what == sim::Committed::What::effect && is_forward(row->operation) && undone.contains(row->branch)) {
        violations.push_back({"S6", one.transaction, name_of(row->branch, row->operation) + " took effect behind its undo"});
      }
      // The initiator's local transaction behind a check's no is the same mistake.
      if (row->what == sim::Committed::What::barred) undone.insert(-1);
      if (row->what == sim::Committed::What::message && undone.contains(-1)) {
        violations.push_back({"S6", one.transaction, "the message was recorded behind a check's no"});
      }
    }
  }
}

}  // namespace escrow::oracles
