#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using Class = core::Outcome::Class;

/// The shortest pause that the protocol allows after this attempt (docs/protocol.md, section 4).
core::Duration shortest_pause(const protocol::RetryPolicy& retry, const sim::Sent& sent, const sim::Ended& ended) {
  const double grown = static_cast<double>(retry.initial_ms) * std::pow(retry.multiplier, static_cast<double>(sent.attempt - 1));
  const core::Duration back_off{static_cast<std::int64_t>(std::min(static_cast<double>(retry.max_ms), grown) * (1.0 - retry.jitter))};
  if (!ended.retry_after || *ended.retry_after <= core::Duration(0)) return back_off;
  return ended.outcome == Class::in_progress ? *ended.retry_after : std::max(back_off, *ended.retry_after);
}

struct Last {
  const sim::Sent* sent = nullptr;
  const sim::Ended* ended = nullptr;
};

/// Whether the coordinator's memory of the transaction may have gone back to what is durable since that call was begun: then it knows
/// nothing of the pause. What happens while it stands still reaches it later.
bool memory_went_back(const Evidence& evidence, const Case& one, const sim::Sent& since, const sim::Sent& until) {
  constexpr core::Duration longest_standstill{2'500};
  return std::ranges::any_of(evidence.history().life, [&](const sim::Life& life) {
    const bool goes_back = life.what == sim::Life::What::forgot || life.what == sim::Life::What::unwritten;
    return goes_back && life.transaction == one.transaction && life.seq < until.seq && life.at + longest_standstill >= since.at;
  });
}

/// Whether an operator's word may have come between the two calls. One that stands still takes it in later: what counts is the answer.
bool was_hurried(const Case& one, const sim::Sent& since, const sim::Sent& until) {
  return std::ranges::any_of(one.asked, [&](const sim::Asked* asked) {
    const bool hurries = asked->what == sim::Ask::retry || asked->what == sim::Ask::resolve;
    if (!hurries || asked->seq > until.seq) return false;
    const auto answered = std::ranges::find_if(one.told, [&](const sim::Told* told) { return told->token == asked->token; });
    return answered == one.told.end() || (*answered)->seq > since.seq;
  });
}

/// In the storm as in calm: within one run of the coordinator nothing but an operator makes a call come sooner.
void judge_gaps(const Evidence& evidence, const Case& one, Violations& violations) {
  ByOperation<Last> lasts;
  auto ended = one.ended.begin();
  for (const sim::Sent* sent : one.sent) {
    for (; ended != one.ended.end() && (*ended)->seq < sent->seq; ++ended) {
      const sim::Sent* call = one.call((*ended)->call);
      if (call != nullptr && lasts(call->branch, call->operation).sent == call) lasts(call->branch, call->operation).ended = *ended;
    }
    if (sent->run == 0) continue;
    const Last last = std::exchange(lasts(sent->branch, sent->operation), {sent, nullptr});
    if (last.ended == nullptr || last.sent->run != sent->run || was_hurried(one, *last.sent, *sent)) continue;
    const auto pause = shortest_pause(retry_of(*one.final, sent->branch), *last.sent, *last.ended);
    const auto gap = sent->at - last.ended->at;
    // A millisecond may be lost in rounding.
    if (gap + core::Duration(1) >= pause || memory_went_back(evidence, one, *last.sent, *sent)) continue;
    violations.push_back({"L4", one.transaction,
                          name_of(sent->branch, sent->operation) + " was called again after " + std::to_string(gap.count()) +
                              " ms instead of " + std::to_string(pause.count())});
    return;
  }
}

/// No forward operation goes on with its attempts used up, by the count that is durable: what a crash forgets may be tried once more.
void judge_limit(const Case& one, Violations& violations) {
  for (const sim::Written* write : one.written) {
    const core::Transaction& value = *write->value;
    if (value.status != Status::active) continue;
    for (std::size_t i = 0; i < value.branches.size(); ++i) {
      const core::Branch& branch = value.branches[i];
      const std::int64_t limit = branch.request->retry.max_attempts;
      const bool goes_on = branch.forward && !branch.request->pivot && !protocol::is_settled(branch.forward->state);
      if (!goes_on || limit == 0 || branch.forward->counted_attempts < limit) continue;
      violations.push_back({"L4", one.transaction,
                            "b" + std::to_string(i) + " goes on after " + std::to_string(branch.forward->counted_attempts) +
                                " attempts without an answer, and may be tried " + std::to_string(limit) + " times"});
      return;
    }
  }
}

}  // namespace

void l4_bounded_retries(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    if (one.final == nullptr) continue;
    const auto is_known = [&](const sim::Sent* sent) { return sent->branch < static_cast<int>(one.final->branches.size()); };
    if (!std::ranges::all_of(one.sent, is_known)) continue;
    judge_gaps(evidence, one, violations);
    judge_limit(one, violations);
  }
}

}  // namespace escrow::oracles
