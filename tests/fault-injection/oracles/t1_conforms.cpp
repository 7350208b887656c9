#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/oracles/transitions.hpp"

/// Ties the code to the models: what the log shows of a transaction is a path in the table that the models are checked against, too
/// (tests/fault-injection/spec/transitions.txt, compiled in).
namespace escrow::oracles {
namespace {

constexpr std::array moves{ESCROW_TRANSITIONS};

bool is_known(std::string_view from, std::string_view to) {
  return from == to || std::ranges::any_of(moves, [&](const Move& move) { return move.from == from && move.to == to; });
}

}  // namespace

void t1_conforms(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    std::string_view from = "none";
    for (const sim::Written* write : one.written) {
      const std::string_view to = protocol::to_string(write->value->status);
      if (!is_known(from, to))
        violations.push_back({"T1", one.transaction, "the models know no way from " + std::string(from) + " to " + std::string(to)});
      from = to;
    }
  }
}

}  // namespace escrow::oracles
