#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/sim/world.hpp"

#include <algorithm>

namespace escrow::fuzz {
namespace {

/// Whether a fault struck after the storm, when nothing is to fail any more: another one had held up its occasion until then. What must
/// be so in the calm does not bind such a run.
bool is_calm_broken(const sim::World& world) {
  const auto& occasions = world.faults().occasions();
  return std::ranges::any_of(world.fired(), [&](const sim::Fired& fault) {
    return sim::is_fault(fault.point) && std::ranges::find(occasions, fault) == occasions.end();
  });
}

}  // namespace

/// The bytes are the schedule of a simulated world: two say which world (one of 65,536: who starts what, with which settings), and each
/// three that follow add a fault or a choice, out of all occasions that the run so far has had. Every oracle judges.
void api_stateful(std::string_view input) {
  Input in(input);
  sim::RunOptions options;
  options.seed = 1 + in.below(65536);
  options.keeps_occasions = true;
  sim::Script script;
  options.script = &script;
  // Faults that come early open occasions for later ones, so what there is to choose from is asked for twice.
  for (int round = 0; round < 3; ++round) {
    sim::World world(options);
    world.run();
    if (is_calm_broken(world)) return;
    const oracles::Violations violations = oracles::judge(oracles::Evidence(world.history()));
    if (!violations.empty()) {
      std::string faults;
      for (const sim::Fired& fault : script.faults) faults += "\n  " + sim::text_of(fault);
      throw Finding("seed " + std::to_string(options.seed) + ": " + std::string(violations.front().oracle) + " " + violations.front().what +
                    faults);
    }
    if (in.is_empty() || round == 2) return;
    const std::vector<sim::Fired> occasions = world.faults().occasions();
    for (int i = 0; i < 3 && !in.is_empty() && !occasions.empty(); ++i) {
      sim::Fired fault = occasions[in.below(65536) % occasions.size()];
      fault.until_healed = in.below(4) == 0;
      script.faults.push_back(fault);
    }
  }
}

}  // namespace escrow::fuzz
