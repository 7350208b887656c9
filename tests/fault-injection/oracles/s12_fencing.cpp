#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

/// With one coordinator at a time its run is the epoch: each start takes the next number, and every write carries it. Leases with an owner
/// and an epoch of their own come with the shared database.
namespace escrow::oracles {

void s12_fencing(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    std::int64_t highest = 0;
    for (const sim::Written* write : one.written) {
      const auto revision = std::to_string(write->value->revision);
      if (write->value->run != write->run) {
        violations.push_back({"S12", one.transaction,
                              "revision " + revision + " was written by run " + std::to_string(write->run) + " and says " +
                                  std::to_string(write->value->run)});
      }
      if (write->run < highest) {
        violations.push_back(
            {"S12", one.transaction,
             "revision " + revision + " was written by run " + std::to_string(write->run) + " after run " + std::to_string(highest)});
      }
      highest = std::max(highest, write->run);
    }
  }
}

}  // namespace escrow::oracles
