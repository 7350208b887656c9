#include <catch2/catch.hpp>

#include <string>

#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/sim/world.hpp"
#include "tests/fault-injection/vfs/platter.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// L1: the whole simulation (the real node, clients, participants, faults, oracles) on the real SQLite on a simulated disk. At each end of
/// the coordinator power fails, in the middle of what it was writing or carrying over, and the next run begins on what is left.

using namespace escrow;
using vfs::Damage;
using vfs::Disk;
using vfs::log_path;
using vfs::Platter;

namespace {

// Sanitizers see as much in fewer, and take ten times as long for each.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 30;
#elif defined(__OPTIMIZE__)
constexpr std::uint64_t seeds = 4'000;
#else
constexpr std::uint64_t seeds = 500;
#endif

/// So that nothing is vacuous.
struct Counts {
  int failures_of_power = 0;
  /// In the middle of a start after one.
  int second = 0;
  /// With something on its way to the disk.
  int harmful = 0;
  /// Writes that were cut off: how many were there afterwards, and how many were not.
  int kept = 0;
  int lost = 0;
  /// The log could not be opened; the run goes on with an empty one.
  int refused = 0;
};

class DiskHome final : public sim::LogHome {
 public:
  DiskHome(Disk& disk, std::uint64_t seed, vfs::Character character) : disk_(disk), seed_(seed), character_(character) {
    disk_.start(image_, draw(), character_);
  }

  void acknowledged() override { safe_ = disk_.trace().happened.size(); }
  void found(bool is_there) override { ++(is_there ? counts_.kept : counts_.lost); }

  void lose_power() override {
    ++counts_.failures_of_power;
    const vfs::Trace trace = disk_.trace();
    const std::size_t stop = safe_ + draw() % (trace.happened.size() - safe_ + 1);
    Platter platter(image_, trace, seed_);
    while (platter.position() < stop) platter.advance();
    if (platter.unsynced() > 0) ++counts_.harmful;
    image_ = platter.cut(static_cast<Damage>(draw() % vfs::honest_damages), draw()).image;
    begin();
  }

  std::unique_ptr<store::Log> open() override {
    if (draw() % 3 == 0) {
      const auto first = try_to_open();
      ++counts_.second;
      lose_power();
    }
    auto log = try_to_open();
    if (!log) {
      ++counts_.refused;
      image_ = {{log_path, ""}};
      begin();
      log = try_to_open();
    }
    acknowledged();
    return log;
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void begin() {
    safe_ = 0;
    disk_.start(image_, draw(), character_);
  }
  std::unique_ptr<store::Log> try_to_open() {
    auto log =
        store::sqlite::open_log({.path = log_path, .checkpoint_pages = 12, .busy_ms = 20, .vfs = disk_.name(), .has_real_files = false});
    return log ? std::move(*log) : nullptr;
  }
  std::uint64_t draw() { return sim::mixed(seed_, ++drawn_); }

  Disk& disk_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  vfs::Character character_;
  vfs::Image image_{{log_path, ""}};
  /// The place in the trace up to which everything was answered with ok.
  std::size_t safe_ = 0;
  Counts counts_;
};

struct Outcome {
  oracles::Violations violations;
  Counts counts;
  int transactions = 0;
  /// That the product's log, after a last failure of power, reads as something else than what they were, or not at all.
  int differing = 0;
};

Outcome run(std::uint64_t seed, vfs::Character character = {}) {
  Disk disk("engine");
  DiskHome home(disk, seed, character);
  Outcome outcome;
  sim::World world({.seed = seed, .log_home = &home});
  world.run();
  const oracles::Evidence evidence(world.history());
  outcome.violations = oracles::judge(evidence);
  home.lose_power();
  const auto log = home.open();
  const auto reader = std::move(*log->open_reader());
  for (const auto& transaction : world.history().log) {
    ++outcome.transactions;
    const auto found = reader->load(transaction->gid());
    const bool is_same = found && found->transaction && testing::text_of(*found->transaction) == testing::text_of(*transaction);
    outcome.differing += is_same ? 0 : 1;
  }
  outcome.counts = home.counts();
  return outcome;
}

/// How many of the seeds the rig finds something in.
int caught_of(std::uint64_t count, vfs::Character character) {
  int caught = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const auto outcome = run(seed, character);
    if (!outcome.violations.empty() || outcome.differing > 0 || outcome.counts.refused > 0) ++caught;
  }
  return caught;
}

}  // namespace

TEST_CASE("A20 and B05: the engine on SQLite on a disk that loses power at every end of the process breaks no invariant", "[vfs]") {
  Counts all;
  int transactions = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto outcome = run(seed);
    INFO("seed " << seed);
    for (const auto& violation : outcome.violations) FAIL_CHECK(violation.oracle << ": " << violation.what);
    CHECK(outcome.differing == 0);
    CHECK(outcome.counts.refused == 0);
    transactions += outcome.transactions;
    all.failures_of_power += outcome.counts.failures_of_power;
    all.second += outcome.counts.second;
    all.harmful += outcome.counts.harmful;
    all.kept += outcome.counts.kept;
    all.lost += outcome.counts.lost;
  }
  const int count = static_cast<int>(seeds);
  INFO(count << " seeds, " << transactions << " transactions, " << all.failures_of_power << " failures of power (" << all.second
             << " of them in a start, " << all.harmful << " with something on its way), cut off: " << all.kept << " kept, " << all.lost
             << " lost");
  CHECK(transactions > count);
  CHECK(all.failures_of_power > count);
  CHECK(all.second > count / 4);
  CHECK(all.harmful > count / 8);
  CHECK(all.kept > 3);
  CHECK(all.lost > 3);
}

TEST_CASE("the rig can fail: the engine on a disk that does not sync the write-ahead log is caught", "[vfs]") {
  CHECK(caught_of(30, {.syncs_database = true, .syncs_wal = false}) > 5);
}
