#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/oracles/history_file.hpp"
#include "tests/fault-injection/sim/batch.hpp"
#include "tests/fault-injection/sim/identities.hpp"

/// escrow-sim: replays one seed with a readable timeline, or runs many.
namespace {

using namespace escrow;

struct Flags {
  std::uint64_t seed = 1;
  std::uint64_t count = 1;
  std::string bug;
  bool timeline = false;
  bool tally = false;
  bool keep_going = false;
  bool complete = false;
  std::string history;
  bool hashes = false;
  bool measure = false;
  std::uint64_t twice = 0;
};

void print_timeline(std::uint64_t seed, sim::Bug bug) {
  sim::World world({seed, bug});
  world.run();
  for (const sim::Fired& fault : world.fired()) {
    fmt::print("fired {}\n", sim::text_of(fault));
  }
  fmt::print("{}", sim::timeline_of(world.history()));
}

/// What one schedule is made of, on average: how much a figure of seeds a second stands for.
void print_measure(const Flags& flags, sim::Bug bug) {
  struct Row {
    std::string_view what;
    std::uint64_t sum = 0;
  };
  Row rows[] = {{"transactions"},          {"events of the scheduler"},
                {"steps of the node"},     {"  of them pages and waking up"},
                {"durable writes"},        {"calls"},
                {"requests that arrived"}, {"answers to them"},
                {"local transactions"},    {"faults that fired"}};
  for (std::uint64_t i = 0; i < flags.count; ++i) {
    sim::World world({flags.seed + i, bug});
    world.run();
    const sim::History& history = world.history();
    const std::uint64_t values[] = {world.shapes().size(),    history.end.steps,   history.end.node_steps, history.end.housekeeping,
                                    history.written.size(),   history.sent.size(), history.asked.size(),   history.told.size(),
                                    history.committed.size(), world.fired().size()};
    for (std::size_t row = 0; row < std::size(rows); ++row) rows[row].sum += values[row];
  }
  for (const Row& row : rows) fmt::print("{:>9.1f}  {}\n", static_cast<double>(row.sum) / static_cast<double>(flags.count), row.what);
}

void write_history(const Flags& flags, sim::Bug bug) {
  sim::World world({.seed = flags.seed, .bug = bug});
  world.run();
  std::ofstream file(flags.history);
  oracles::write_history(world.history(), file);
}

bool run_one(std::uint64_t seed, sim::Bug bug, const Flags& flags, oracles::Tally& tally, std::uint64_t& repeated) {
  if (flags.timeline) print_timeline(seed, bug);
  const auto verdict = sim::run_seed(seed, bug, tally);
  if (flags.hashes) fmt::print("{} {:016x}\n", seed, verdict.hash);
  fmt::print("{}", sim::report(verdict, flags.bug));
  if (flags.twice > 0 && seed % flags.twice == 0) {
    oracles::Tally ignored;
    ++repeated;
    if (sim::run_seed(seed, bug, ignored).hash != verdict.hash) {
      fmt::print("seed {}: its second run gave another history\n", seed);
      return false;
    }
  }
  return verdict.violations.empty();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulated runs of Escrow's coordinator under faults");
  Flags flags;
  app.add_option("--seed", flags.seed, "The first seed");
  app.add_option("--count", flags.count, "How many seeds, one after the other");
  app.add_option("--bug", flags.bug, "Plant this bug");
  app.add_flag("--timeline", flags.timeline, "Print everything that happened");
  app.add_flag("--tally", flags.tally, "Print how often what happened");
  app.add_flag("--hashes", flags.hashes,
               "Print the hash of each history: a change that only makes something faster leaves them as they are");
  app.add_flag("--measure", flags.measure, "Print what one schedule is made of, on average, and nothing else");
  app.add_option("--twice", flags.twice, "Run every so-many-th seed twice: both histories must be the same");
  app.add_option("--history", flags.history, "Write the history of the first seed to this file, for escrow-judge");
  app.add_flag("--complete", flags.complete, "Fail with 2 when anything that should happen sometimes never did");
  app.add_flag("--keep-going", flags.keep_going, "Do not stop at the first failing seed");
  CLI11_PARSE(app, argc, argv);
  const auto bug = flags.bug.empty() ? sim::Bug::none : sim::bug_named(flags.bug).value_or(sim::Bug::none);
  if (!flags.bug.empty() && bug == sim::Bug::none) {
    fmt::print(stderr, "no such bug: {}\n", flags.bug);
    return 3;
  }

  if (flags.measure) {
    print_measure(flags, bug);
    return 0;
  }
  if (!flags.history.empty()) write_history(flags, bug);

  oracles::Tally tally;
  std::uint64_t failed = 0;
  // Processor time: the machine may have other things to do.
  const std::clock_t begin = std::clock();
  std::uint64_t done = 0;
  std::uint64_t repeated = 0;
  for (; done < flags.count && (failed == 0 || flags.keep_going); ++done)
    failed += run_one(flags.seed + done, bug, flags, tally, repeated) ? 0 : 1;
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  if (flags.tally) {
    for (std::size_t i = 0; i < tally.counts.size(); ++i)
      fmt::print("{:>9}  {}\n", tally.counts[i], oracles::name_of(static_cast<oracles::Sometimes>(i)));
    for (std::size_t i = 0; i < tally.fired.size(); ++i)
      fmt::print("{:>9}  {}\n", tally.fired[i], sim::describe(static_cast<sim::Point>(i)).name);
  }
  fmt::print("{} seeds, {} with violations, {} run twice, {:.1f} s of processor time, {:.0f} a second\n", done, failed, repeated, took,
             static_cast<double>(done) / took);
  if (failed > 0) return 1;
  const auto missing = flags.complete ? tally.missing() : std::vector<std::string_view>{};
  for (const auto name : missing) fmt::print("never happened: {}\n", name);
  if (flags.complete && missing.empty())
    fmt::print("{} counters and {} fault points, each of them reached\n", tally.counts.size(), tally.fired.size());
  return missing.empty() ? 0 : 2;
}
