#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/fault-injection/process/places.hpp"

/// Kill, restart, verify, as often as one likes.
namespace escrow::processes {

/// One fault to set, and what the lives behind it are to have.
struct Blow {
  Place place;
  std::uint64_t hit = 1;
  std::string action = "kill";
  std::vector<std::string> later_lives = {};
};

struct Killed {
  /// Faults that were set, and those of them that struck.
  std::uint64_t set = 0;
  std::uint64_t struck = 0;
  /// Points at which something struck, and blows that met nobody.
  std::set<std::string> points;
  std::vector<Blow> missed;
  /// Deaths that must follow from what struck: one each, and those of the lives behind it.
  std::uint64_t deaths_due = 0;
  /// Ends of coordinators by SIGKILL.
  std::uint64_t deaths = 0;
  /// Ends with 0, after a SIGTERM; and all the others, which nobody wanted.
  std::uint64_t clean_ends = 0;
  std::uint64_t other_ends = 0;
  /// What they ended with, and what they were told to do.
  std::string unwanted;
  std::uint64_t transactions = 0;
  /// Logs that all this happened to.
  std::uint64_t stages = 0;
  /// What the oracles found; empty: nothing.
  std::string verdict;
  std::chrono::milliseconds took{0};

  void add(const Killed& other);
  /// Points at which nothing struck although it should have, a line each.
  [[nodiscard]] std::string missed_points() const;
  [[nodiscard]] std::string text() const;
};

/// Waits until so many lives have ended; for a minute at most.
void wait_for_ends(KeptProcess& process, std::size_t count);

/// Plays the family once for each blow, on one stage, and lets the oracles judge all of it.
[[nodiscard]] Killed strike(Family family, const std::vector<Blow>& blows);

/// The same; blows that met nobody are tried twice more, since which writes share a commit and how often clients look is chance.
/// `set` counts each of them once.
[[nodiscard]] Killed strike_again(Family family, std::vector<Blow> blows);

/// The same with the participants: each is killed in its local transactions and behind them (G01 to G03), one after the other.
[[nodiscard]] Killed strike_services(Family family, std::uint64_t hits);

/// The points that a start comes to, in order; `recovery.page.read` only where something is due.
[[nodiscard]] std::vector<std::string> points_of_a_start();
/// Those that only a SIGTERM leads to, and those of the log's housekeeping.
[[nodiscard]] std::vector<std::string> points_of_the_way_out();
[[nodiscard]] std::vector<std::string> points_of_upkeep();

/// Each place of the family, the first time that it is come to and, where that differs, the last time.
[[nodiscard]] std::vector<Blow> each_place(Family family);

/// A death in the middle, then `deaths` more, each at another place of the start (A20).
[[nodiscard]] std::vector<Blow> crash_loops(Family family, std::uint64_t seed, std::size_t count, std::size_t deaths);

}  // namespace escrow::processes
