#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "protocol/planted_bug.hpp"
#include "tests/fault-injection/mutants/hunt.hpp"
#include "tests/fault-injection/sim/batch.hpp"

/// escrow-sim-planted: hunts planted bugs, and prints which oracle found them and how long it took, as a Markdown table.
namespace {

using namespace escrow;

std::vector<mutants::PlantedBug> bugs_of(const std::string& which) {
  const auto all = mutants::planted_bugs();
  if (which == "all") return {all.begin(), all.end()};
  if (which == "today") return mutants::ten_of_the_day(std::time(nullptr) / 86'400);
  const auto bug = mutants::bug_named(which);
  return bug ? std::vector{*bug} : std::vector<mutants::PlantedBug>{};
}

int print_timeline(const std::string& bug, std::uint64_t seed) {
  planted::choose(bug);
  oracles::Tally ignored;
  sim::World world({seed, sim::Bug::none});
  world.run();
  fmt::print("{}{}", sim::timeline_of(world.history()), sim::report(sim::run_seed(seed, sim::Bug::none, ignored)));
  return 0;
}

double percentile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  std::ranges::sort(times);
  return times[std::min(times.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Hunts the planted bugs of Escrow's core, node, log and barrier");
  std::string which = "all";
  mutants::Limits limits;
  bool timeline = false;
  app.add_option("--bug", which, "A bug's name, `all`, or `today`: ten of them, others each day");
  std::string oracle;
  app.add_option("--oracle", oracle, "Hunt with this oracle instead of the one that the bug is for");
  app.add_option("--seed", limits.first_seed, "The first seed; 0: where the bug is known to be met");
  app.add_option("--seeds", limits.seeds, "How many seeds at most");
  app.add_option("--seconds", limits.seconds, "Processor time for each bug at most");
  app.add_flag("--timeline", timeline, "Print everything that happened with this bug and seed");
  CLI11_PARSE(app, argc, argv);
  if (timeline) return print_timeline(which, limits.first_seed);
  const auto bugs = bugs_of(which);
  if (bugs.empty()) {
    fmt::print(stderr, "no such bug: {}\n", which);
    return 2;
  }

  fmt::print("| planted bug | where | oracle | first seed | seconds | also found by | what was found |\n|---|---|---|---|---|---|---|\n");
  std::vector<double> times;
  std::size_t survivors = 0;
  for (auto bug : bugs) {
    if (!oracle.empty()) bug.oracle = oracle;
    const auto kill = mutants::hunt(bug, limits);
    const bool found = kill.seed > 0;
    survivors += found ? 0 : 1;
    if (found) times.push_back(kill.seconds);
    const std::string seed = found ? std::to_string(kill.seed) : kill.died ? "**died**" : "**survived**";
    fmt::print("| {} | {} | {} | {} | {:.2f} | {} | {} |\n", bug.name, bug.where, bug.oracle, seed, kill.seconds, kill.others, kill.what);
    std::fflush(stdout);
  }
  fmt::print("\n{} of {} killed; time to the first kill: median {:.2f} s, p95 {:.2f} s, longest {:.2f} s\n", bugs.size() - survivors,
             bugs.size(), percentile(times, 0.5), percentile(times, 0.95), percentile(times, 1));
  return survivors == 0 ? 0 : 1;
}
