#include "tests/fault-injection/mutants/hunt.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <set>

#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"
#include "tests/fault-injection/sim/batch.hpp"

namespace escrow::mutants {
namespace {

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// One line for the parent: seed, seconds, other oracles, and what was found.
std::string search(const PlantedBug& bug, const Limits& limits) {
  planted::choose(bug.name);
  oracles::Tally ignored;
  const double begin = processor_seconds();
  const std::uint64_t first = limits.first_seed == 0 ? bug.first_seed : limits.first_seed;
  for (std::uint64_t seed = first; seed < first + limits.seeds; ++seed) {
    const auto verdict = sim::run_seed(seed, sim::Bug::none, ignored);
    const double took = processor_seconds() - begin;
    const auto found = std::ranges::find_if(verdict.violations, [&](const auto& violation) { return violation.oracle == bug.oracle; });
    if (found != verdict.violations.end()) {
      std::set<std::string_view> others;
      for (const auto& violation : verdict.violations) others.insert(violation.oracle);
      others.erase(bug.oracle);
      return fmt::format("{} {:.3f} {} {}", seed, took, others.empty() ? "-" : fmt::format("{}", fmt::join(others, ",")), found->what);
    }
    if (took > limits.seconds) break;
  }
  return fmt::format("0 {:.3f} - nothing", processor_seconds() - begin);
}

Kill read_line(const std::string& line) {
  Kill kill;
  std::array<char, 200> others{};
  int rest = 0;
  unsigned long long seed = 0;
  if (std::sscanf(line.c_str(), "%llu %lf %199s %n", &seed, &kill.seconds, others.data(), &rest) < 3) {
    kill.died = true;
    return kill;
  }
  kill.seed = seed;
  kill.others = std::string_view(others.data()) == "-" ? "" : others.data();
  kill.what = line.substr(static_cast<std::size_t>(rest));
  return kill;
}

}  // namespace

Kill hunt(const PlantedBug& bug, const Limits& limits) {
  std::array<int, 2> ends{};
  ESCROW_ASSERT(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  ESCROW_ASSERT(child >= 0);
  if (child == 0) {
    const std::string line = search(bug, limits);
    const bool told = ::write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size());
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::string line;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;) line.append(part.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return read_line(line);
}

std::vector<PlantedBug> ten_of_the_day(std::int64_t day) {
  const auto all = planted_bugs();
  std::vector<PlantedBug> chosen;
  const auto count = static_cast<std::int64_t>(all.size());
  for (std::int64_t i = 0; i < std::min<std::int64_t>(10, count); ++i)
    chosen.push_back(all[static_cast<std::size_t>((day * 10 + i) % count)]);
  return chosen;
}

}  // namespace escrow::mutants
