#include <map>
#include <set>
#include <utility>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using Operation = std::pair<int, OperationName>;

void same_request(const Case& one, Violations& violations) {
  std::map<Operation, std::uint64_t> fingerprints;
  std::set<Operation> told;
  for (const sim::Sent* sent : one.sent) {
    const Operation operation{sent->branch, sent->operation};
    const auto [first, is_new] = fingerprints.emplace(operation, sent->fingerprint);
    if (is_new || first->second == sent->fingerprint || !told.insert(operation).second) continue;
    violations.push_back({"S14", one.transaction, "two attempts of " + name_of(sent->branch, sent->operation) + " are different requests"});
  }
}

/// Of one living coordinator at most one call of a branch is open: a branch is undone or confirmed only after its forward call has ended.
void one_open_call(const Case& one, Violations& violations) {
  std::map<std::pair<std::int64_t, int>, const sim::Sent*> open;
  std::map<std::uint64_t, const sim::Sent*> by_call;
  auto ended = one.ended.begin();
  for (const sim::Sent* sent : one.sent) {
    for (; ended != one.ended.end() && (*ended)->seq < sent->seq; ++ended) {
      const auto which = by_call.find((*ended)->call);
      if (which != by_call.end()) open.erase({which->second->run, which->second->branch});
    }
    if (sent->run == 0) continue;
    by_call[sent->call] = sent;
    const auto [other, is_free] = open.emplace(std::pair(sent->run, sent->branch), sent);
    if (is_free) continue;
    violations.push_back({"S14", one.transaction,
                          name_of(sent->branch, sent->operation) + " was called while " +
                              name_of(other->second->branch, other->second->operation) + " was open"});
    return;
  }
}

}  // namespace

void s14_identity(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases) {
    same_request(one, violations);
    one_open_call(one, violations);
  }
}

}  // namespace escrow::oracles
