#include <utility>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

void same_request(const Case& one, Violations& violations) {
  struct Seen {
    const sim::Sent* first = nullptr;
    bool told = false;
  };
  ByOperation<Seen> operations;
  for (const sim::Sent* sent : one.sent) {
    Seen& seen = operations(sent->branch, sent->operation);
    if (seen.first == nullptr) seen.first = sent;
    if (seen.first->fingerprint == sent->fingerprint || std::exchange(seen.told, true)) continue;
    violations.push_back({"S14", one.transaction, "two attempts of " + name_of(sent->branch, sent->operation) + " are different requests"});
  }
}

/// It is the request that its initiator declared: this URL, this key, this payload.
void declared_request(const Evidence& evidence, const Case& one, Violations& violations) {
  for (const sim::Sent* sent : one.sent) {
    const sim::Declared* declared = declared_of(evidence, one.transaction, sent->branch);
    if (declared == nullptr || declared->fingerprints.at(static_cast<std::size_t>(sent->operation)) == sent->fingerprint) continue;
    violations.push_back({"S14", one.transaction,
                          "attempt " + std::to_string(sent->attempt) + " of " + name_of(sent->branch, sent->operation) +
                              " is not the request that was declared"});
    return;
  }
}

/// Attempts are counted: once nothing is broken, so that nothing is forgotten, each one of a run has a higher number than the one before.
void counted(const Case& one, core::Time settled, Violations& violations) {
  ByOperation<const sim::Sent*> lasts;
  for (const sim::Sent* sent : one.sent) {
    if (sent->run == 0 || sent->at < settled) continue;
    const sim::Sent* last = std::exchange(lasts(sent->branch, sent->operation), sent);
    if (last == nullptr || last->run != sent->run || last->attempt < sent->attempt) continue;
    violations.push_back({"S14", one.transaction,
                          "attempt " + std::to_string(sent->attempt) + " of " + name_of(sent->branch, sent->operation) +
                              " came after attempt " + std::to_string(last->attempt)});
    return;
  }
}

/// Of one living coordinator at most one call of a branch is open: a branch is undone or confirmed only after its forward call has ended.
void one_open_call(const Case& one, Violations& violations) {
  // By branch, whatever the operation; the calls of an earlier run are nobody's any more.
  ByOperation<const sim::Sent*> open;
  const auto open_of = [&open](int branch) -> const sim::Sent*& { return open(branch, OperationName::action); };
  auto ended = one.ended.begin();
  for (const sim::Sent* sent : one.sent) {
    for (; ended != one.ended.end() && (*ended)->seq < sent->seq; ++ended) {
      const auto* call = one.call((*ended)->call);
      if (call != nullptr && open_of(call->branch) == call) open_of(call->branch) = nullptr;
    }
    if (sent->run == 0) continue;
    const sim::Sent* other = std::exchange(open_of(sent->branch), sent);
    if (other == nullptr || other->run != sent->run) continue;
    violations.push_back(
        {"S14", one.transaction,
         name_of(sent->branch, sent->operation) + " was called while " + name_of(other->branch, other->operation) + " was open"});
    return;
  }
}

}  // namespace

void s14_identity(const Evidence& evidence, Violations& violations) {
  const auto settled = settled_at(evidence);
  for (const Case& one : evidence.cases()) {
    same_request(one, violations);
    declared_request(evidence, one, violations);
    one_open_call(one, violations);
    if (settled) counted(one, *settled, violations);
  }
}

}  // namespace escrow::oracles
