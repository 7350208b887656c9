#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "protocol/planted_bug.hpp"
#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/explore/coverage.hpp"
#include "tests/fault-injection/explore/explorer.hpp"
#include "tests/fault-injection/explore/shrink.hpp"
#ifdef ESCROW_PLANTED_BUGS
#  include "tests/fault-injection/mutants/hunt.hpp"
#endif

/// escrow-explore: tries every fault of the canonical scenarios, replays scenario files, and makes failing seeds small.
namespace {

using namespace escrow;

void plant([[maybe_unused]] const std::string& bug) {
#ifdef ESCROW_PLANTED_BUGS
  planted::choose(bug);
#else
  if (!bug.empty()) throw std::runtime_error("this program holds no planted bugs; escrow-explore-planted does");
#endif
}

struct Exploring {
  explore::Depth depth{.pairs = false, .every = 1, .threads = std::thread::hardware_concurrency()};
  std::vector<std::string> names;
  bool alone = false;
  std::string out;
  std::string bug;
};

int explore_all(const Exploring& flags) {
  plant(flags.bug);
  const std::clock_t begin = std::clock();
  std::vector<explore::Report> reports;
  std::uint64_t bad = 0;
  for (const explore::Scenario& scenario : explore::scenarios()) {
    const bool wanted = flags.names.empty() || std::ranges::find(flags.names, scenario.name) != flags.names.end();
    if (!wanted || (flags.alone && scenario.shapes.size() > 1)) continue;
    auto report = explore::explore(scenario, flags.depth);
    for (const auto* attempts : {&report.singles, &report.bad_on_rows, &report.bad_pairs}) {
      for (const auto& attempt : *attempts) bad += attempt.violations.empty() ? 0 : 1;
    }
    fmt::print("{:<34} {:>6} points {:>7} singles {:>9} pairs {:>7} courses {:>8} classes\n", scenario.name, report.points,
               report.singles.size(), report.pairs, report.courses, report.classes.size());
    std::fflush(stdout);
    reports.push_back(std::move(report));
  }
  if (!flags.out.empty()) {
    const std::filesystem::path folder(flags.out);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "coverage.md") << explore::markdown_of(reports, flags.depth);
    std::ofstream(folder / "coverage.json") << explore::json_of(reports, flags.depth);
    std::ofstream(folder / "coverage.html") << explore::html_of(reports, flags.depth);
    std::ofstream(folder / "classes.jsonl") << explore::classes_of(reports);
    std::ofstream(folder / "skipped.jsonl") << explore::skipped_of(reports);
  }
  fmt::print("{}\n{} broken, {:.1f} s of processor time\n", explore::bound_of(reports, flags.depth), bad,
             static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  return bad == 0 ? 0 : 1;
}

int replay(const std::string& file, bool quiet) {
  const auto what = explore::read_case(file);
  plant(what.planted);
  explore::CaseRun run(what);
  run.run();
  if (!quiet) fmt::print("{}\n{}", explore::text_of(what), sim::timeline_of(run.history()));
  for (const auto& violation : run.violations()) fmt::print("{} t{}: {}\n", violation.oracle, violation.transaction, violation.what);
  const auto wrong = explore::complaints(what, run);
  for (const auto& complaint : wrong) fmt::print("WRONG: {}\n", complaint);
  fmt::print("{}: {}\n", file, wrong.empty() ? "as it says" : "not as it says");
  return wrong.empty() ? 0 : 1;
}

int shrink(std::uint64_t seed, const std::string& bug, std::string oracle, const std::string& out) {
  plant(bug);
  if (oracle.empty()) {
    sim::World world({.seed = seed});
    world.run();
    const auto violations = oracles::judge(oracles::Evidence(world.history()));
    if (!violations.empty()) oracle = violations.front().oracle;
  }
  auto failing = explore::case_of_seed(seed, oracle);
  if (!failing) {
    fmt::print(stderr, "seed {} breaks nothing{}\n", seed, oracle.empty() ? "" : " that " + oracle + " looks at");
    return 2;
  }
  failing->planted = bug;
  failing->title = fmt::format("Seed {} breaks {}{}", seed, oracle, bug.empty() ? "" : " with " + bug + " planted");
  const auto small = explore::shrink(*failing);
  const std::string text = explore::text_of(small.what);
  if (!out.empty()) std::ofstream(out) << text;
  fmt::print("{}# {} events became {}, {} of them faults, in {} runs and {:.2f} s\n", text, failing->faults.size(),
             small.what.faults.size(), small.faults, small.runs, small.seconds);
  return 0;
}

#ifdef ESCROW_PLANTED_BUGS
/// The first seed that gives each bug away, made small: a file each in `folder`, and how small and how fast on standard output.
int fill_museum(const std::string& folder, const std::string& only, double limit) {
  std::vector<double> faults;
  std::vector<double> seconds;
  std::size_t missing = 0;
  fmt::print("| planted bug | oracle | seed | events | became | faults | runs | seconds |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& bug : mutants::planted_bugs()) {
    if (!only.empty() && bug.name != only) continue;
    const auto kill = mutants::hunt(bug, {.seeds = 1'000'000, .seconds = limit});
    if (kill.seed == 0) {
      fmt::print("| {} | {} | not found |\n", bug.name, bug.oracle);
      ++missing;
      continue;
    }
    planted::choose(bug.name);
    auto failing = explore::case_of_seed(kill.seed, std::string(bug.oracle));
    if (!failing) continue;
    const auto events = failing->faults.size();
    failing->planted = bug.name;
    failing->title =
        fmt::format("{} ({}){}", bug.what_it_breaks, bug.where, bug.seen_at.empty() ? "" : fmt::format("; as in {}", bug.seen_at));
    const auto small = explore::shrink(*failing);
    planted::choose("");
    faults.push_back(static_cast<double>(small.faults));
    seconds.push_back(small.seconds);
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.2f} |\n", bug.name, bug.oracle, kill.seed, events, small.what.faults.size(),
               small.faults, small.runs, small.seconds);
    std::fflush(stdout);
    if (!folder.empty()) std::ofstream(std::filesystem::path(folder) / fmt::format("{}.yaml", bug.name)) << explore::text_of(small.what);
  }
  std::ranges::sort(faults);
  std::ranges::sort(seconds);
  const auto at = [](const std::vector<double>& sorted, double share) {
    return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
  };
  fmt::print("\n{} bugs: faults in the small run: median {}, p95 {}, most {}; seconds: median {:.2f}, p95 {:.2f}, most {:.2f}\n",
             faults.size(), at(faults, 0.5), at(faults, 0.95), at(faults, 1), at(seconds, 0.5), at(seconds, 0.95), at(seconds, 1));
  return missing == 0 ? 0 : 1;
}
#endif

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Explores Escrow's coordinator under faults, systematically");
  app.require_subcommand(1);
  Exploring exploring;
  auto* run = app.add_subcommand("run", "Every single fault of the canonical scenarios, and pairs");
  run->add_flag("--pairs", exploring.depth.pairs, "Every second fault behind every first one, too");
  run->add_option("--every", exploring.depth.every, "Only one pair in so many");
  run->add_option("--threads", exploring.depth.threads, "Threads");
  run->add_option("--scenario", exploring.names, "Only these");
  run->add_flag("--alone", exploring.alone, "Only scenarios with one transaction");
  run->add_option("--out", exploring.out, "A folder for coverage.md, .json, .html, classes.jsonl and skipped.jsonl");
  run->add_option("--bug", exploring.bug, "With this planted bug");
  std::string file;
  bool quiet = false;
  auto* again = app.add_subcommand("replay", "Runs a scenario file and says what happened");
  again->add_option("case", file, "The file")->required()->check(CLI::ExistingFile);
  again->add_flag("--quiet", quiet, "Only whether it ended as it says");
  std::uint64_t seed = 1;
  std::string bug;
  std::string oracle;
  std::string out;
  auto* smaller = app.add_subcommand("shrink", "Makes a failing seed a small scenario file");
  smaller->add_option("--seed", seed, "The seed")->required();
  smaller->add_option("--bug", bug, "With this planted bug");
  smaller->add_option("--oracle", oracle, "The oracle that must go on failing; the first that fails unless given");
  smaller->add_option("--out", out, "The file to write");
#ifdef ESCROW_PLANTED_BUGS
  double seconds = 60;
  auto* museum = app.add_subcommand("museum", "Hunts every planted bug and makes what gives it away small");
  museum->add_option("--bug", bug, "Only this one");
  museum->add_option("--seconds", seconds, "Processor time for each hunt at most");
  museum->add_option("--out", out, "The folder for the files");
#endif
  CLI11_PARSE(app, argc, argv);
  try {
#ifdef ESCROW_PLANTED_BUGS
    if (*museum) return fill_museum(out, bug, seconds);
#endif
    if (*run) return explore_all(exploring);
    if (*again) return replay(file, quiet);
    return shrink(seed, bug, oracle, out);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
