#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/sim/faults.hpp"

/// What the simulation calls a fault, as somebody has to cause it where processes are real.
namespace escrow::real {

struct Strike {
  /// Rules of the proxy, one YAML map each.
  std::vector<std::string> rules;
  /// Branches of which the participant's business says no, by transaction and branch.
  std::vector<std::pair<int, int>> refusals;
};

/// Where a case is played: the gids of its transactions, and the links that lead to its services.
struct Place {
  std::vector<std::string> gids;
  std::string lane;
  /// What its rules' names begin with.
  std::string name;
};

/// The questions that clients ask in a clean run: which of the same kind one with this number is, by transaction and what is asked.
using Questions = std::map<std::pair<int, int>, std::vector<int>>;
[[nodiscard]] Questions questions_in(const std::vector<sim::Fired>& occasions);

/// Nothing: nobody can cause it here, and `why` says why.
[[nodiscard]] std::optional<Strike> strike_of(const sim::Fired& fault, const Questions& questions, const Place& place,
                                              std::string_view& why);

}  // namespace escrow::real
