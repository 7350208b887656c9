#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s3_exactly_once(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    ByOperation<int> counts;
    for (const sim::Committed* row : one.committed) {
      const bool counted = row->what == sim::Committed::What::effect || row->what == sim::Committed::What::message;
      if (counted && ++counts(row->branch, row->operation) == 2) {
        violations.push_back({"S3", one.transaction, name_of(row->branch, row->operation) + " took effect twice"});
      }
    }
  }
}

}  // namespace escrow::oracles
