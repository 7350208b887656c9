#include <algorithm>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {

void s16_reads_go_forward(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    for (std::size_t i = 0; i < one.told.size(); ++i) {
      const sim::Told& told = *one.told[i];
      const bool is_unknown = told.problem == protocol::ProblemCode::not_found;
      if (!told.value && !is_unknown) continue;
      // Once its retention is over it may be unknown, whatever was told before.
      if (is_unknown && std::ranges::find(evidence.history().retired, one.transaction) != evidence.history().retired.end()) continue;
      const auto* asked = one.question(told.token);
      const std::uint64_t asked_at = asked == nullptr ? 0 : asked->seq;
      for (std::size_t before = 0; before < i; ++before) {
        const sim::Told& earlier = *one.told[before];
        // Only what was told before the question was asked must be known to its answer.
        if (!earlier.value || earlier.seq > asked_at) continue;
        const std::int64_t shown = told.value ? told.value->revision : 0;
        if (shown >= earlier.value->revision) continue;
        violations.push_back(
            {"S16", one.transaction,
             "revision " + std::to_string(shown) + " was shown after revision " + std::to_string(earlier.value->revision)});
        break;
      }
    }
  }
}

}  // namespace escrow::oracles
