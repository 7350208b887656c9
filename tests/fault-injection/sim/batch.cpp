#include "tests/fault-injection/sim/batch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace escrow::sim {

Verdict run_seed(std::uint64_t seed, Bug bug, oracles::Tally& tally) {
  World world({seed, bug});
  world.run();
  const oracles::Evidence evidence(world.history());
  tally.add(evidence, world.fired());
  return {seed, oracles::judge(evidence), hash_of(world.history())};
}

std::string report(const Verdict& verdict, std::string_view bug) {
  std::string text;
  for (const auto& violation : verdict.violations) {
    const std::string whose = violation.transaction < 0 ? "" : fmt::format("t{}: ", violation.transaction);
    text += fmt::format("seed {}: {} {}{}\n", verdict.seed, violation.oracle, whose, violation.what);
  }
  if (!text.empty()) text += fmt::format("replay: escrow-sim --seed {}{}{} --timeline\n", verdict.seed, bug.empty() ? "" : " --bug ", bug);
  return text;
}

std::uint64_t first_kill(Bug bug, std::string_view oracle, std::uint64_t first, std::uint64_t count) {
  oracles::Tally ignored;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto verdict = run_seed(seed, bug, ignored);
    if (std::ranges::any_of(verdict.violations, [&](const auto& violation) { return violation.oracle == oracle; })) return seed;
  }
  return 0;
}

}  // namespace escrow::sim
