#include <algorithm>
#include <optional>
#include <string>

#include "tests/fault-injection/oracles/calm.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

/// Until when a process may have been stopped that was stopped in the storm; nothing: none was.
std::optional<core::Time> stopped_until(const Evidence& evidence) {
  const auto& life = evidence.history().life;
  if (std::ranges::find(life, sim::Life::What::paused, &sim::Life::what) == life.end()) return std::nullopt;
  const auto calm = std::ranges::find(life, sim::Life::What::calm, &sim::Life::what);
  return calm == life.end() ? std::nullopt : std::optional(calm->at);
}

/// Whether as many transactions as are let in may have been unfinished while the question was open.
bool was_full(const Evidence& evidence, const sim::Asked& asked, const sim::Told& told) {
  // A coordinator learns of an end some time after the log has it, and after it goes on.
  constexpr core::Duration slack{500};
  const auto stopped = stopped_until(evidence);
  const auto unfinished = std::ranges::count_if(evidence.cases(), [&](const Case& one) {
    if (one.written.empty() || one.written.front()->seq > told.seq) return false;
    const auto ended = std::ranges::find_if(one.written, [](const sim::Written* write) { return write->value->is_terminal(); });
    if (ended == one.written.end()) return true;
    const core::Time learned = stopped && *stopped > (*ended)->at ? *stopped : (*ended)->at;
    return learned + slack >= asked.at;
  });
  return unfinished >= evidence.history().end.unfinished_limit;
}

/// Why this refusal has no ground; empty: it may have one.
std::string groundless(const Evidence& evidence, const Case& one, const sim::Asked& asked, const sim::Told& told) {
  if (told.problem == protocol::ProblemCode::internal && !is_damaged(evidence, one)) return "was told of damage that is not there";
  const auto& life = evidence.history().life;
  const auto calm = std::ranges::find(life, sim::Life::What::calm, &sim::Life::what);
  // In the storm the log itself may be overloaded.
  const bool in_calm = calm != life.end() && asked.seq > calm->seq;
  if (in_calm && told.problem == protocol::ProblemCode::overloaded && !was_full(evidence, asked, told))
    return "was refused as one too many";
  return "";
}

}  // namespace

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
      if (const auto what = groundless(evidence, one, *asked, **told); !what.empty())
        violations.push_back({"L3", one.transaction, "question " + std::to_string(asked->token) + " " + what});
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
