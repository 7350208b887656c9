#include <algorithm>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void l3_everybody_is_answered(const Evidence& evidence, Violations& violations) {
  std::uint64_t last_end = 0;
  for (const sim::Life& life : evidence.history().life) {
    if (life.what == sim::Life::What::crashed || life.what == sim::Life::What::stopped) last_end = life.seq;
  }
  const auto settled = settled_at(evidence);
  for (const Case& one : evidence.cases()) {
    for (const sim::Asked* asked : one.asked) {
      // Whoever asked a process that has ended since has been told by the end of the connection.
      if (!asked->taken || asked->seq < last_end) continue;
      const auto told = std::ranges::find(one.told, asked->token, &sim::Told::token);
      if (told == one.told.end()) {
        violations.push_back({"L3", one.transaction, "question " + std::to_string(asked->token) + " was never answered"});
        continue;
      }
      const bool is_late = settled && asked->at > *settled;
      const auto problem = (*told)->problem;
      const bool is_turned_away = problem == protocol::ProblemCode::store_unavailable || problem == protocol::ProblemCode::draining;
      if (is_late && is_turned_away)
        violations.push_back(
            {"L3", one.transaction, "question " + std::to_string(asked->token) + " was turned away long after the faults stopped"});
    }
  }
}

}  // namespace escrow::oracles
