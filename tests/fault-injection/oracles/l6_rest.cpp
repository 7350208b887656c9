#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void l6_rest(const Evidence& evidence, Violations& violations) {
  const sim::History& history = evidence.history();
  const auto complain = [&](std::string what) { violations.push_back({"L6", -1, std::move(what)}); };
  const sim::End& end = history.end;
  // What leaks here refuses new work one day.
  if (end.in_time && end.counted_unfinished != end.unfinished)
    complain("the coordinator counts " + std::to_string(end.counted_unfinished) + " unfinished transactions, the log holds " +
             std::to_string(end.unfinished));
  // It looks ahead several times in a second, two steps each, and a few times more for what leaves memory.
  constexpr std::int64_t steps_in_a_second = 60;
  if (end.in_time && end.idle_steps > static_cast<std::uint64_t>(20 + steps_in_a_second * end.idle.count() / 1'000))
    complain("the coordinator took " + std::to_string(end.idle_steps) + " steps in " + std::to_string(end.idle.count()) +
             " ms in which nothing was owed");
  const bool all_ended = std::ranges::all_of(history.log, [](const auto& value) { return value->is_terminal(); });
  if (!all_ended) return;
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
