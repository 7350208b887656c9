#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s15_only_the_declared(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (const sim::Committed* row : one.committed) {
      if (row->what != sim::Committed::What::effect) continue;
      const auto* durable = one.log_before(row->seq);
      const bool declared = durable != nullptr && role_in(*durable, row->branch, row->operation).has_value();
      if (!declared)
        violations.push_back({"S15", one.transaction, name_of(row->branch, row->operation) + " took effect, and nobody had registered it"});
    }
  }
}

}  // namespace escrow::oracles
