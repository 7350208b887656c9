#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void l6_rest(const Evidence& evidence, Violations& violations) {
  const sim::History& history = evidence.history();
  const bool all_ended = std::ranges::all_of(history.log, [](const auto& value) { return value->is_terminal(); });
  if (!all_ended) return;
  const auto complain = [&](std::string what) { violations.push_back({"L6", -1, std::move(what)}); };
  if (!history.end.in_time) return complain("everything has ended, and there is still work to do");
  const auto quiet = std::ranges::find(history.life, sim::Life::What::quiet, &sim::Life::what);
  if (quiet == history.life.end()) return;
  const auto is_late = [&](const sim::Stamp& stamp) { return stamp.seq > quiet->seq; };
  if (std::ranges::any_of(history.sent, is_late)) complain("a call was made when nothing was owed");
  if (std::ranges::any_of(history.written, is_late)) complain("a write was made when nothing was owed");
  if (history.end.open_calls > 0) complain("calls are still open");
  if (history.end.resident > 0) complain(std::to_string(history.end.resident) + " ended transactions are still held in memory");
}

}  // namespace escrow::oracles
