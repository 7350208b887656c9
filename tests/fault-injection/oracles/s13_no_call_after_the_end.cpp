#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

/// A coordinator that is being stopped begins nothing new.
void judge_drain(const Evidence& evidence, Violations& violations) {
  for (const sim::Life& life : evidence.history().life) {
    if (life.what != sim::Life::What::draining) continue;
    for (const sim::Sent& sent : evidence.history().sent) {
      if (sent.run != life.run || sent.seq < life.seq) continue;
      violations.push_back(
          {"S13", sent.transaction, name_of(sent.branch, sent.operation) + " was called while the coordinator was being stopped"});
      break;
    }
  }
}

}  // namespace

void s13_no_call_after_the_end(const Evidence& evidence, Violations& violations) {
  judge_drain(evidence, violations);
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
