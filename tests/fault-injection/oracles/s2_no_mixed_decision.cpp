#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s2_no_mixed_decision(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    const sim::Committed* confirmed = nullptr;
    const sim::Committed* undone = nullptr;
    for (const sim::Committed* row : one.committed) {
      if (row->what != sim::Committed::What::effect) continue;
      const bool is_message = one.final != nullptr && row->operation == OperationName::action &&
                              role_in(*one.final, row->branch, row->operation) == std::optional(Role::confirm);
      if (row->operation == OperationName::confirm || is_message) confirmed = row;
      if (is_undo(row->operation)) undone = row;
      if (confirmed != nullptr && undone != nullptr) {
        violations.push_back({"S2", one.transaction,
                              name_of(confirmed->branch, confirmed->operation) + " and " + name_of(undone->branch, undone->operation) +
                                  " both took effect"});
        break;
      }
    }
  }
}

}  // namespace escrow::oracles
