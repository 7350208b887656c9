#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "tests/fault-injection/process/kills.hpp"
#include "tests/fault-injection/sim/random.hpp"

/// escrow-process --minutes N [--seed S] [--stages N]: kill, restart, verify on real processes, at places that follow from the seed. Ends
/// with 1 when an oracle found something, and with 2 when too few faults struck to prove anything.
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

int main(int count, char** arguments) try {
  CLI::App app("Kills the coordinator at drawn places and lets the oracles judge what is left.", "escrow-process");
  std::int64_t minutes = 1;
  std::uint64_t seed = 1;
  int stages = 1;
  app.add_option("--minutes", minutes, "how long");
  app.add_option("--seed", seed, "what places and deaths follow from");
  app.add_option("--stages", stages, "coordinators at once, each with a log of its own")->check(CLI::Range(1, 64));
  CLI11_PARSE(app, count, arguments);

  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::map<Family, std::vector<Place>> places;
  for (const Family family : families) places[family] = places_of(family);
  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + std::chrono::minutes(minutes);
  std::mutex mutex;
  Killed all;
  std::atomic<std::uint64_t> rounds = 0;
  std::atomic<bool> has_found = false;
  const auto play = [&] {
    while (!has_found && (rounds == 0 || std::chrono::steady_clock::now() < until)) {
      const std::uint64_t round = rounds++;
      const Family family = families.at(round % families.size());
      Killed some;
      try {
        some = strike(family, draw(places.at(family), sim::mixed(seed, round)));
      } catch (const std::exception& hang) {
        // Nobody was answered in time, or nothing came up again: as much a finding as what the oracles say.
        some.verdict += hang.what() + std::string("\n");
      }
      const std::lock_guard lock(mutex);
      if (!some.verdict.empty()) {
        has_found = true;
        std::printf("seed %llu, round %llu, %s:\n%s", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(round),
                    std::string(to_string(family)).c_str(), some.verdict.c_str());
      }
      all.add(some);
    }
  };
  std::vector<std::jthread> players;
  for (int i = 0; i < stages; ++i) players.emplace_back(play);
  players.clear();
  all.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  std::printf("%s\n", all.text().c_str());
  if (has_found) return 1;
  return all.other_ends == 0 && all.struck * 10 >= all.set * 8 ? 0 : 2;
} catch (const std::exception& fault) {
  std::printf("%s\n", fault.what());
  return 1;
}
