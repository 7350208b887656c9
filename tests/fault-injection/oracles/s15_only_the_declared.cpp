#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s15_only_the_declared(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (const sim::Committed* row : one.committed) {
      const sim::Declared* declaration = declared_of(evidence, one.transaction, row->branch);
      if (declaration != nullptr && declaration->service != row->service) {
        violations.push_back({"S15", one.transaction,
                              name_of(row->branch, row->operation) + " reached service " + std::to_string(row->service) +
                                  ", and belongs to service " + std::to_string(declaration->service)});
      }
      if (row->what != sim::Committed::What::effect) continue;
      const auto* durable = one.log_before(row->seq);
      const bool declared = durable != nullptr && role_in(*durable, row->branch, row->operation).has_value();
      if (!declared)
        violations.push_back({"S15", one.transaction, name_of(row->branch, row->operation) + " took effect, and nobody had registered it"});
    }
  }
}

}  // namespace escrow::oracles
