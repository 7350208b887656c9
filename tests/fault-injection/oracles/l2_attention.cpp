#include <algorithm>
#include <optional>
#include <utility>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using Class = core::Outcome::Class;

const core::Operation* operation_in(const core::Transaction& value, int branch, OperationName name) {
  const auto role = role_in(value, branch, name);
  return role ? core::find_operation(value, {branch < 0 ? 0U : static_cast<std::uint32_t>(branch), *role}) : nullptr;
}

bool is_called_for_ever(const sim::Sent& sent) { return sent.branch >= 0 && sent.phase == protocol::Phase::final; }

/// Once nothing is broken, what does not get done is told: at once after a definite no, and after `attention_after` calls in any case. Two
/// writes may pass: the one under way when the answer came, and the one that tells.
void judge_silence(const Case& one, core::Time settled, Violations& violations) {
  ByOperation<std::int64_t> fruitless;
  ByOperation<bool> is_told;
  for (const sim::Ended* ended : one.ended) {
    const sim::Sent* sent = one.call(ended->call);
    if (sent == nullptr || sent->run == 0 || sent->at < settled || !is_called_for_ever(*sent)) continue;
    std::int64_t& count = fruitless(sent->branch, sent->operation);
    count = ended->outcome == Class::succeeded ? 0 : count + 1;
    if (count == 0 || is_told(sent->branch, sent->operation)) continue;
    const bool is_due = ended->outcome == Class::refused || (one.final != nullptr && count >= one.final->request->attention_after);
    if (!is_due) continue;
    int later = 0;
    for (const sim::Written* write : one.written) {
      if (write->seq < ended->seq || ++later < 2) continue;
      const core::Operation* operation = operation_in(*write->value, sent->branch, sent->operation);
      if (operation == nullptr || operation->attention || protocol::is_settled(operation->state)) break;
      is_told(sent->branch, sent->operation) = true;
      violations.push_back({"L2", one.transaction,
                            name_of(sent->branch, sent->operation) + " does not get done, and revision " +
                                std::to_string(write->value->revision) + " calls for nobody's attention"});
      break;
    }
  }
}

/// What stands in attention is called again and again all the same: a pause, a wait for its destination, a call, and what the scheduler
/// looks ahead may lie between two calls.
void judge_neglect(const Case& one, core::Time settled, core::Time quiet, int branch, Role role, Violations& violations) {
  const core::OperationRef ref{branch < 0 ? 0U : static_cast<std::uint32_t>(branch), role};
  if (core::find_operation(*one.final, ref) == nullptr) return;
  const auto name = core::name_of(*one.final, ref);
  constexpr core::Duration slack{5'000};
  const core::Duration longest =
      core::Duration(2 * core::retry_of(*one.final, ref).max_ms + core::request_timeout_ms_of(*one.final, ref)) + slack;
  std::optional<core::Time> since;
  bool told = false;
  auto sent = one.sent.begin();
  const auto look_at = [&](core::Time at) {
    if (since && at - *since > longest && !std::exchange(told, true))
      violations.push_back(
          {"L2", one.transaction,
           name_of(branch, name) + " stands in attention, and was not called for " + std::to_string((at - *since).count()) + " ms"});
  };
  const auto calls_until = [&](std::uint64_t seq) {
    for (; sent != one.sent.end() && (*sent)->seq < seq; ++sent) {
      if ((*sent)->branch != branch || (*sent)->operation != name) continue;
      look_at((*sent)->at);
      if (since) since = std::max(settled, (*sent)->at);
    }
  };
  for (const sim::Written* write : one.written) {
    calls_until(write->seq);
    const auto* operation = core::find_operation(*write->value, ref);
    const bool stands = operation != nullptr && operation->attention && !protocol::is_settled(operation->state);
    if (stands && !since) since = std::max(settled, write->at);
    if (stands) continue;
    look_at(write->at);
    since.reset();
  }
  calls_until(~std::uint64_t{0});
  look_at(quiet);
}

/// Nothing stands in attention that no participant gave a reason for: a definite no, or `attention_after` calls in vain. Who asks for long
/// pauses shortens that: attention comes when the calls in between would have raised it.
void judge_alarm(const Case& one, Violations& violations) {
  for (const sim::Written* write : one.written) {
    for (std::size_t i = 0; i < write->value->branches.size(); ++i) {
      for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
        const auto* operation = write->value->branches[i].operation(role);
        if (operation == nullptr || !operation->attention) continue;
        const auto name = protocol::operation_name(write->value->branches[i].request->kind, role);
        std::int64_t fruitless = 0;
        bool has_reason = false;
        for (const sim::Ended* ended : one.ended) {
          const sim::Sent* sent = ended->seq < write->seq ? one.call(ended->call) : nullptr;
          if (sent == nullptr || sent->branch != static_cast<int>(i) || sent->operation != *name || ended->outcome == Class::succeeded)
            continue;
          ++fruitless;
          has_reason = has_reason || ended->outcome == Class::refused || ended->retry_after;
        }
        if (has_reason || fruitless >= write->value->request->attention_after) continue;
        violations.push_back(
            {"L2", one.transaction,
             name_of(static_cast<int>(i), *name) + " stands in attention after " + std::to_string(fruitless) + " calls in vain"});
        return;
      }
    }
  }
}

}  // namespace

void l2_attention(const Evidence& evidence, Violations& violations) {
  const auto settled = settled_at(evidence);
  const auto quiet = quiet_at(evidence);
  for (const Case& one : evidence.cases()) {
    if (settled) judge_silence(one, *settled, violations);
    if (settled && quiet && one.final != nullptr && !is_damaged(evidence, one)) {
      judge_neglect(one, *settled, *quiet, -1, Role::check, violations);
      for (std::size_t i = 0; i < one.final->branches.size(); ++i) {
        for (const Role role : {Role::forward, Role::confirm, Role::undo})
          judge_neglect(one, *settled, *quiet, static_cast<int>(i), role, violations);
      }
    }
    judge_alarm(one, violations);
  }
}

}  // namespace escrow::oracles
