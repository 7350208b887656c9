#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "tests/fault-injection/process/kills.hpp"
#include "tests/fault-injection/sim/random.hpp"

/// escrow-process --minutes N [--seed S]: kill, restart, verify on real processes, at places that follow from the seed. Ends with 1 when an
/// oracle found something, and with 2 when too few faults struck to prove anything.
namespace {

using namespace escrow;
using namespace escrow::processes;

constexpr std::size_t blows_a_stage = 60;

/// A kill at a drawn place, the first times that it is come to; every third one with more deaths in the starts behind it.
std::vector<Blow> draw(const std::vector<Place>& places, std::uint64_t seed) {
  const auto starts = points_of_a_start();
  std::vector<Blow> blows;
  for (std::uint64_t i = 0; i < blows_a_stage; ++i) {
    Blow blow{places[sim::mixed(seed, 4 * i) % places.size()]};
    blow.hit = 1 + sim::mixed(seed, 4 * i + 1) % std::min<std::uint64_t>(blow.place.hits, 3);
    const std::uint64_t deaths = i % 3 == 0 ? 1 + sim::mixed(seed, 4 * i + 2) % 4 : 0;
    for (std::uint64_t death = 0; death < deaths; ++death) {
      blow.later_lives.push_back(starts[sim::mixed(seed, (i << 16U) + 4 * death + 3) % starts.size()] + " kill");
    }
    blows.push_back(std::move(blow));
  }
  return blows;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Kills the coordinator at drawn places and lets the oracles judge what is left.", "escrow-process");
  std::int64_t minutes = 1;
  std::uint64_t seed = 1;
  app.add_option("--minutes", minutes, "how long");
  app.add_option("--seed", seed, "what places and deaths follow from");
  CLI11_PARSE(app, count, arguments);

  std::map<Family, std::vector<Place>> places;
  for (const Family family : families) places[family] = places_of(family);
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(minutes);
  Killed all;
  for (std::uint64_t round = 0; round == 0 || std::chrono::steady_clock::now() < until; ++round) {
    const Family family = families.at(round % families.size());
    all.add(strike(family, draw(places[family], sim::mixed(seed, round))));
    if (!all.verdict.empty()) {
      std::printf("seed %llu, round %llu, %s:\n%s", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(round),
                  std::string(to_string(family)).c_str(), all.verdict.c_str());
      return 1;
    }
  }
  std::printf("%s\n", all.text().c_str());
  return all.other_ends == 0 && all.struck * 10 >= all.set * 8 ? 0 : 2;
}
