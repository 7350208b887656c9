#include <algorithm>

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

/// Nothing stands in attention that no participant gave a reason for.
void judge_alarm(const Case& one, Violations& violations) {
  for (const sim::Written* write : one.written) {
    for (std::size_t i = 0; i < write->value->branches.size(); ++i) {
      for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
        const auto* operation = write->value->branches[i].operation(role);
        if (operation == nullptr || !operation->attention) continue;
        const auto name = protocol::operation_name(write->value->branches[i].request->kind, role);
        const bool any = std::ranges::any_of(one.ended, [&](const sim::Ended* ended) {
          const sim::Sent* sent = ended->seq < write->seq ? one.call(ended->call) : nullptr;
          return sent != nullptr && sent->branch == static_cast<int>(i) && sent->operation == *name && ended->outcome != Class::succeeded;
        });
        if (any) continue;
        violations.push_back(
            {"L2", one.transaction, name_of(static_cast<int>(i), *name) + " stands in attention, and no call of it failed"});
        return;
      }
    }
  }
}

}  // namespace

void l2_attention(const Evidence& evidence, Violations& violations) {
  const auto settled = settled_at(evidence);
  for (const Case& one : evidence.cases()) {
    if (settled) judge_silence(one, *settled, violations);
    judge_alarm(one, violations);
  }
}

}  // namespace escrow::oracles
