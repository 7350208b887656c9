#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void l1_everything_ends(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    if (one.final == nullptr || one.final->is_terminal()) continue;
    // Its row can never be read again: nobody could go on with it.
    if (is_damaged(evidence, one)) continue;
    violations.push_back(
        {"L1", one.transaction, "still " + std::string(protocol::to_string(one.final->status)) + " long after the faults stopped"});
  }
}

}  // namespace escrow::oracles
