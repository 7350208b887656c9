#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "tests/fault-injection/vfs/power_loss.hpp"

/// B04, B05, B15, B19, J12, A03, A06, A17, A20 on the real SQLite: whatever a failure of power leaves, the log opens, holds everything that
/// was acknowledged, nothing that was never written, and batches whole.

using namespace escrow;
using vfs::Damage;
using vfs::PowerLoss;
using vfs::PowerLossPlan;
using vfs::PowerLossResult;

namespace {

// Sanitizers see as much in fewer, and take ten times as long for each.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t images_wanted = 1'500;
#else
constexpr std::int64_t images_wanted = 20'000;
#endif

PowerLossResult until(PowerLoss& rig, PowerLossPlan plan, std::int64_t images) {
  PowerLossResult all;
  // A session has thousands of images.
  for (int session = 0; session < 100 && all.images < images && all.violations() == 0; ++session) {
    all.add(rig.run(plan));
    ++plan.seed;
  }
  return all;
}

std::string told(const PowerLossResult& result) {
  std::string text;
  for (const auto& failure : result.failures) text += failure + "\n";
  return text;
}

/// While it lives, every connection runs with `synchronous=NORMAL`, whatever it asks for.
class EverybodyIsNormal {
 public:
  EverybodyIsNormal() { sqlite3_auto_extension(entry()); }
  ~EverybodyIsNormal() { sqlite3_cancel_auto_extension(entry()); }
  EverybodyIsNormal(const EverybodyIsNormal&) = delete;
  EverybodyIsNormal& operator=(const EverybodyIsNormal&) = delete;

 private:
  static void (*entry())() { return reinterpret_cast<void (*)()>(&EverybodyIsNormal::begin); }
  static int begin(sqlite3* connection, const char**, const void*) {
    sqlite3_exec(connection, "PRAGMA synchronous = NORMAL", nullptr, nullptr, nullptr);
    return sqlite3_set_authorizer(connection, &EverybodyIsNormal::ignore, nullptr);
  }
  static int ignore(void*, int action, const char* name, const char* value, const char*, const char*) {
    return action == SQLITE_PRAGMA && value != nullptr && std::string_view(name) == "synchronous" ? SQLITE_IGNORE : SQLITE_OK;
  }
};

}  // namespace

TEST_CASE("B05 and B19: no failure of power, nor a second one in the start after it, loses an acknowledged write or invents one", "[vfs]") {
  PowerLoss rig;
  const auto result = until(rig, {}, images_wanted);
  INFO(told(result));
  CHECK(result.violations() == 0);
  CHECK(result.images >= images_wanted);
  // None of it is vacuous.
  CHECK(result.second > 1'000);
  CHECK(result.kept > 20);
  CHECK(result.lost > 1'000);
  CHECK(result.counts.acknowledged > 50);
  CHECK(result.counts.conflicts > 3);
  CHECK(result.counts.checkpoints > 2);
  for (int damage = 0; damage < vfs::honest_damages; ++damage) {
    INFO(vfs::name_of(static_cast<Damage>(damage)));
    CHECK(result.by_damage[static_cast<std::size_t>(damage)] > 500);
  }
}

TEST_CASE("the rig can fail: a disk that acknowledges syncs of the write-ahead log and does nothing loses acknowledged writes", "[vfs]") {
  PowerLoss rig;
  PowerLossPlan plan{.seed = 1, .turns = 3, .images_per_point = 1, .second_failure_every = 0, .character = {}, .only = std::nullopt};
  plan.character.syncs_wal = false;
  CHECK(rig.run(plan).lost_acknowledged > 20);
}

TEST_CASE(
    "the rig can fail: a disk that acknowledges syncs of the database and does nothing leaves a log that lost writes or is unreadable",
    "[vfs]") {
  PowerLoss rig;
  PowerLossPlan plan{.seed = 1, .turns = 5, .images_per_point = 2, .second_failure_every = 0, .character = {}, .only = std::nullopt};
  plan.character.syncs_database = false;
  const auto result = rig.run(plan);
  CHECK(result.lost_acknowledged + result.unreadable > 20);
}

TEST_CASE("the rig can fail: a disk whose torn sectors take the bytes beside them along loses acknowledged writes", "[vfs]") {
  PowerLoss rig;
  PowerLossPlan plan{.seed = 1, .turns = 6, .images_per_point = 4, .second_failure_every = 0, .character = {}, .only = Damage::neighbours};
  const auto result = rig.run(plan);
  CHECK(result.lost_acknowledged + result.unreadable > 0);
}

TEST_CASE("the rig can fail: with synchronous=NORMAL acknowledged writes are lost, and only those of the last moments", "[vfs]") {
  PowerLoss rig;
  PowerLossPlan plan{.seed = 1, .turns = 3, .images_per_point = 1, .second_failure_every = 0, .character = {}, .only = std::nullopt};
  PowerLossResult normal;
  {
    const EverybodyIsNormal normal_for_now;
    normal = rig.run(plan);
  }
  CHECK(normal.lost_acknowledged > 20);
  CHECK(normal.unreadable == 0);
  CHECK(normal.invented == 0);
  CHECK(rig.run(plan).violations() == 0);
}

TEST_CASE("the same seed leaves the same files", "[vfs]") {
  vfs::Image first;
  for (int time = 0; time < 2; ++time) {
    vfs::Disk disk("power-again");
    disk.start({{vfs::log_path, ""}}, 77);
    vfs::Session session(disk, 77);
    for (int i = 0; i < 10; ++i) session.turn();
    session.end(false);
    if (time == 0) {
      first = disk.seen();
    } else {
      CHECK(disk.seen() == first);
    }
  }
}
