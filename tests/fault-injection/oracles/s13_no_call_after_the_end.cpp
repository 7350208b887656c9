#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s13_no_call_after_the_end(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (const sim::Sent* sent : one.sent) {
      if (sent->run == 0) continue;
      const auto* durable = one.log_before(sent->seq);
      if (durable == nullptr || !durable->is_terminal()) continue;
      violations.push_back({"S13", one.transaction, name_of(sent->branch, sent->operation) + " was called after the end"});
    }
  }
}

}  // namespace escrow::oracles
