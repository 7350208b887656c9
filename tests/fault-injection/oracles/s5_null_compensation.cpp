#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s5_null_compensation(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (const sim::Committed* row : one.committed) {
      if (row->what != sim::Committed::What::mark || !is_undo(row->operation)) continue;
      const bool left = std::ranges::any_of(one.rows, [&](const sim::BarrierRow* other) {
        return other->branch == row->branch && other->service == row->service && other->operation == protocol::to_string(row->operation);
      });
      if (!left)
        violations.push_back({"S5", one.transaction, name_of(row->branch, row->operation) + " was answered, and left nothing behind"});
    }
    for (const sim::BarrierRow* row : one.rows) {
      const bool is_cancel = row->operation == "cancel";
      if (!is_cancel && row->operation != "compensate") continue;
      const std::string_view forward = is_cancel ? "try" : "action";
      const bool marked = std::ranges::any_of(one.rows, [&](const sim::BarrierRow* other) {
        return other->branch == row->branch && other->service == row->service && other->operation == forward;
      });
      if (!marked)
        violations.push_back(
            {"S5", one.transaction, "b" + std::to_string(row->branch) + " " + std::string(row->operation) + " left no mark"});
    }
  }
}

}  // namespace escrow::oracles
