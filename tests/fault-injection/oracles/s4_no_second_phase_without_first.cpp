#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s4_no_second_phase_without_first(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    sim::BranchSet done;
    for (const sim::Committed* row : one.committed) {
      if (row->what != sim::Committed::What::effect) continue;
      if (is_forward(row->operation)) {
        done.insert(row->branch);
      } else if (!done.contains(row->branch)) {
        violations.push_back({"S4", one.transaction, name_of(row->branch, row->operation) + " took effect before anything was there"});
      }
    }
  }
}

}  // namespace escrow::oracles
