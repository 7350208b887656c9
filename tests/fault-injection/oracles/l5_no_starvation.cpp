#include <algorithm>
#include <vector>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

/// The longest that a transaction may hear nothing while the coordinator owes it something: one pause at its longest, one call, one wait
/// for a destination (at most one longest pause), and what the scheduler looks ahead.
core::Duration longest_silence(const core::Transaction& value) {
  std::int64_t pause = value.request->retry.max_ms;
  std::int64_t call = value.request->request_timeout_ms;
  for (const core::Branch& branch : value.branches) {
    pause = std::max(pause, branch.request->retry.max_ms);
    call = std::max(call, branch.request->request_timeout_ms);
  }
  constexpr std::int64_t slack = 10'000;
  return core::Duration(2 * pause + call + slack);
}

}  // namespace

void l5_no_starvation(const Evidence& evidence, Violations& violations) {
  const auto settled = settled_at(evidence);
  const auto quiet = quiet_at(evidence);
  if (!settled || !quiet) return;
  for (const Case& one : evidence.cases()) {
    if (one.final == nullptr || is_damaged(evidence, one)) continue;
    // Nothing is owed to a transaction that waits for its initiator, but the end of its time.
    const auto* at_rest = one.written.empty() ? nullptr : one.written.back()->value.get();
    const bool waits = at_rest != nullptr && at_rest->status == Status::active && at_rest->request->interactive && !at_rest->check &&
                       (!at_rest->deadline_at || *at_rest->deadline_at > *quiet);
    if (waits) continue;
    std::vector<core::Time> heard{*settled};
    const auto add = [&](core::Time at) {
      if (at > *settled) heard.push_back(at);
    };
    for (const sim::Sent* sent : one.sent) add(sent->at);
    for (const sim::Ended* ended : one.ended) add(ended->at);
    core::Time end = *quiet;
    for (const sim::Written* write : one.written) {
      add(write->at);
      if (write->value->is_terminal()) end = std::min(end, write->at);
    }
    std::ranges::sort(heard);
    if (end > heard.back()) heard.push_back(end);
    for (std::size_t i = 1; i < heard.size() && heard[i] <= end; ++i) {
      // A deadline in between is something to wait for.
      const bool has_deadline = one.final->deadline_at && *one.final->deadline_at > heard[i - 1];
      const core::Time from = has_deadline ? std::max(heard[i - 1], std::min(*one.final->deadline_at, heard[i])) : heard[i - 1];
      if (heard[i] - from <= longest_silence(*one.final)) continue;
      violations.push_back(
          {"L5", one.transaction,
           "nothing was done for it for " + std::to_string((heard[i] - from).count()) + " ms, long after the faults stopped"});
      break;
    }
  }
}

}  // namespace escrow::oracles
