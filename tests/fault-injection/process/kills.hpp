#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault-injection/process/places.hpp"

/// Kill, restart, verify, as often as one likes.
namespace escrow::processes {

struct Killed {
  /// Faults that were set, and those of them that struck.
  std::uint64_t set = 0;
  std::uint64_t struck = 0;
  /// Ends of coordinators by SIGKILL.
  std::uint64_t deaths = 0;
  /// Ends with 0, after a SIGTERM; and all the others, which nobody wanted.
  std::uint64_t clean_ends = 0;
  std::uint64_t other_ends = 0;
  /// What they ended with, and what they were told to do.
  std::string unwanted;
  std::uint64_t transactions = 0;
  /// What the oracles found; empty: nothing.
  std::string verdict;
  std::chrono::milliseconds took{0};

  void add(const Killed& other);
  [[nodiscard]] std::string text() const;
};

/// One fault to set, and what the lives behind it are to have.
struct Blow {
  Place place;
  std::uint64_t hit = 1;
  std::string action = "kill";
  std::vector<std::string> later_lives = {};
};

/// Plays the family once for each blow, on one stage, and lets the oracles judge all of it.
[[nodiscard]] Killed strike(Family family, const std::vector<Blow>& blows);

/// The same with the participants: each is killed in its local transactions and behind them (G01 to G03), one after the other.
[[nodiscard]] Killed strike_services(Family family, std::uint64_t hits);

/// The points that every start comes to, in order.
[[nodiscard]] std::vector<std::string> points_of_a_start();

/// Each place of the family, the first time that it is come to and, where that differs, the last time.
[[nodiscard]] std::vector<Blow> each_place(Family family);

/// A death in the middle, then `deaths` more, each at another place of the start (A20).
[[nodiscard]] std::vector<Blow> crash_loops(Family family, std::uint64_t seed, std::size_t count, std::size_t deaths);

}  // namespace escrow::processes
