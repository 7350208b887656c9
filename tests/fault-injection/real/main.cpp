#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/real/report.hpp"
#include "tests/fault-injection/sim/identities.hpp"

/// escrow-explore-real: plays what the exploration found on real processes.
namespace {

using namespace escrow;

struct Flags {
  std::string classes;
  std::size_t sample = 0;
  std::uint64_t seed = 1;
  std::string scenario;
  std::string out;
  real::Field field;
};

/// The members that the simulation kept of its classes, one for each class and kind of fault.
std::vector<real::Case> read_classes(const std::string& path) {
  std::vector<real::Case> cases;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  for (std::string text; std::getline(file, text);) {
    const auto line = nlohmann::json::parse(text);
    real::Case one;
    one.scenario = explore::scenario_named(line.at("scenario").get<std::string>());
    if (one.scenario == nullptr) throw std::runtime_error("no scenario is named " + line.at("scenario").get<std::string>());
    for (const auto& fault : line.at("faults")) {
      std::string why;
      const auto read = sim::fault_from(fault.get<std::string>(), why);
      if (!read) throw std::runtime_error(why);
      one.faults.push_back(*read);
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

/// As many of them, which ones follows from the seed.
void thin_out(std::vector<real::Case>& cases, std::size_t sample, std::uint64_t seed) {
  std::uint64_t state = seed;
  for (std::size_t i = cases.size(); i > 1; --i) {
    state = sim::mixed(state, i);
    std::swap(cases[i - 1], cases[state % i]);
  }
  cases.resize(std::min(sample, cases.size()));
}

int explore_all(const Flags& flags) {
  std::vector<real::Case> cases = flags.classes.empty() ? real::all_singles() : read_classes(flags.classes);
  if (!flags.scenario.empty()) std::erase_if(cases, [&](const real::Case& one) { return one.scenario->name != flags.scenario; });
  const std::size_t of = cases.size();
  if (flags.sample > 0) thin_out(cases, flags.sample, flags.seed);
  const auto begin = std::chrono::steady_clock::now();
  const auto results = real::play(cases, flags.field);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!flags.out.empty()) {
    const std::filesystem::path folder(flags.out);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "real.md") << real::markdown_of(cases, results, of, seconds);
    std::ofstream(folder / "real.jsonl") << real::lines_of(cases, results);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (results[i].what != real::Result::What::broken) continue;
    fmt::print("BROKEN {}", cases[i].scenario->name);
    for (const auto& fault : cases[i].faults) fmt::print(" \"{}\"", sim::text_of(fault));
    fmt::print(": {}\n", results[i].why);
  }
  fmt::print("{}\n", real::bound_of(results, of, seconds));
  const real::Totals totals = real::totals_of(results);
  // A run in which nothing was struck proves nothing.
  if (totals.broken > 0) return 1;
  return totals.sound * 4 < totals.cases - totals.not_here ? 2 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  Flags flags;
  CLI::App app{
      "Plays faults of the canonical scenarios on real processes: escrowd, participants with the SDK's barrier, the fault proxy on every "
      "line.\n"
      "Exit status: 0 nothing found; 1 something broke; 2 too few faults met what they were for; 3 it could not be played."};
  app.add_option("--classes", flags.classes, "instead of every single fault: the members of this file (escrow-explore --out)");
  app.add_option("--sample", flags.sample, "only so many of them")->capture_default_str();
  app.add_option("--seed", flags.seed, "which ones those are")->capture_default_str();
  app.add_option("--scenario", flags.scenario, "only this one");
  app.add_option("--out", flags.out, "write real.md and real.jsonl there");
  app.add_option("--lanes", flags.field.lanes, "cases at once")->capture_default_str()->check(CLI::Range(1, 500));
  app.add_option("--shard", flags.field.shard, "cases for one life of the processes")->capture_default_str()->check(CLI::Range(1, 100000));
  CLI11_PARSE(app, count, arguments);
  try {
    return explore_all(flags);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "escrow-explore-real: {}\n", fault.what());
    return 3;
  }
}
