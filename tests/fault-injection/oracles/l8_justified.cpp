#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void l8_justified(const Evidence& evidence, Violations& violations) {
  if (evidence.history().end.in_time) return;
  violations.push_back({"L8", -1, "the run did not come to its end, and nothing that was broken justifies it"});
}

}  // namespace escrow::oracles
