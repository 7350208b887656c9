#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault-injection/vfs/disk.hpp"
#include "tests/fault-injection/vfs/ledger.hpp"
#include "tests/fault-injection/vfs/platter.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// Power fails at every moment of a session; what is left is opened again and judged.
namespace escrow::vfs {

struct PowerLossPlan {
  std::uint64_t seed = 1;
  int turns = 14;
  /// Draws at each place of the trace; draws that leave the same image are judged once.
  int images_per_point = 10;
  /// Of this many images one is opened with power failing again, at each moment of that start and of a write after it.
  int second_failure_every = 150;
  Character character;
  /// Only this kind of damage; none: all that an honest disk may do.
  std::optional<Damage> only;
};

struct PowerLossResult {
  std::int64_t sessions = 0;
  std::int64_t points = 0;
  std::int64_t images = 0;
  /// Of the images: those after a second failure of power.
  std::int64_t second = 0;
  /// Images of moments at which a write was under way and its fate open: it was there afterwards, or was not.
  std::int64_t kept = 0;
  std::int64_t lost = 0;
  /// What the product promises that was not so.
  std::int64_t unreadable = 0;
  std::int64_t lost_acknowledged = 0;
  std::int64_t invented = 0;
  std::array<std::int64_t, 7> by_damage{};
  /// The first few, each with what repeats it.
  std::vector<std::string> failures;
  SessionCounts counts;

  [[nodiscard]] std::int64_t violations() const { return unreadable + lost_acknowledged + invented; }
  void add(const PowerLossResult& other);
};

class PowerLoss {
 public:
  PowerLoss();

  /// One session from its seed, with every moment of it.
  PowerLossResult run(const PowerLossPlan& plan);
  /// The places of a trace that somebody else made, from `first` on; `allowed` by mark.
  void judge_trace(const Image& base, const Trace& trace, const std::vector<Session::Digests>& allowed, const PowerLossPlan& plan,
                   std::size_t first, int points, PowerLossResult& result);

 private:
  void judge(const Image& image, const Session::Digests& before, const Session::Digests& allowed, const PowerLossPlan& plan,
             const std::string& where, PowerLossResult& result);
  void lose_power_again(const Image& image, std::uint64_t digest, const PowerLossPlan& plan, const std::string& where,
                        PowerLossResult& result);
  bool check(Disk& disk, const Image& image, const Session::Digests& allowed, std::uint64_t seed, bool deeply, std::uint64_t& digest,
             const std::string& where, PowerLossResult& result);

  Disk lived_;
  Disk judged_;
  Disk judged_again_;
  /// Of a log that has been used and closed, for sessions that do not begin with an empty file.
  Image used_;
  Ledger used_ledger_;
  std::map<std::string, core::Transaction> used_live_;
};

}  // namespace escrow::vfs
