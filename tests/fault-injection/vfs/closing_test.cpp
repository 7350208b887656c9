#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <sstream>
#include <string>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/vfs/ledger.hpp"
#include "tests/fault-injection/vfs/platter.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// The log is closed while others still read it.

using namespace escrow;
using namespace escrow::testing;
using store::WriteAnswer;
using vfs::Disk;
using vfs::log_path;

namespace {

constexpr int transactions = 12;

std::string gid_of(int i) { return "gid." + std::to_string(i); }

/// How many transactions the log holds that is opened from what power left; -1: it can't be opened.
int left_in(Disk& disk, const vfs::Image& image) {
  disk.start(image, 4);
  const auto bytes_of = [&](const std::string& name) { return image.contains(name) ? image.at(name) : std::string(); };
  std::istringstream database(bytes_of(log_path));
  std::istringstream wal(bytes_of(log_path + "-wal"));
  std::istringstream journal(bytes_of(log_path + "-journal"));
  const auto frames = store::sqlite::inspect(log_path, database, wal, journal);
  if (!frames) return -1;
  const auto log =
      store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false, .wal_frames = *frames});
  return log ? static_cast<int>(vfs::read_content(log_path, disk.name()).revisions.size()) : -1;
}

}  // namespace

TEST_CASE("B17 a log that is closed under its readers loses nothing and they read on, whatever power does then", "[vfs]") {
  Disk disk("closing");
  disk.start({{log_path, ""}}, 3);
  auto log = std::move(
      *store::sqlite::open_log({.path = log_path, .checkpoint_pages = 8, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false}));
  const vfs::Image base{{log_path, ""}};
  for (int i = 0; i < transactions; ++i) REQUIRE(log->apply({start_of(started(gid_of(i)))})[0].answer == WriteAnswer::ok);
  const auto reader = std::move(*log->open_reader());
  // A statement in the middle of its rows.
  sqlite3* connection = nullptr;
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_open_v2(log_path.c_str(), &connection, SQLITE_OPEN_READONLY, disk.name()) == SQLITE_OK);
  REQUIRE(sqlite3_prepare_v2(connection, "SELECT gid FROM transactions", -1, &statement, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  // It holds the write-ahead log at this place: what comes now can be carried over, and the log can't begin anew.
  for (int i = transactions; i < 2 * transactions; ++i) REQUIRE(log->apply({start_of(started(gid_of(i)))})[0].answer == WriteAnswer::ok);
  const std::size_t before = disk.trace().happened.size();
  (void)log->tend();
  log.reset();

  for (int i = 0; i < 2 * transactions; ++i) {
    const auto found = reader->load(protocol::Gid::parse(gid_of(i)).value());
    REQUIRE(found);
    CHECK(found->transaction.has_value());
  }
  int rows = 1;
  while (sqlite3_step(statement) == SQLITE_ROW) ++rows;
  CHECK(rows == transactions);
  sqlite3_finalize(statement);
  sqlite3_close_v2(connection);

  const vfs::Trace trace = disk.trace();
  CHECK(trace.happened.size() > before);
  Disk judged("closed");
  vfs::Platter platter(base, trace, 5);
  int images = 0;
  while (platter.position() < before) platter.advance();
  for (;; platter.advance()) {
    for (int damage = 0; damage < vfs::honest_damages; ++damage) {
      CAPTURE(platter.position(), damage);
      CHECK(left_in(judged, platter.cut(static_cast<vfs::Damage>(damage), platter.position()).image) == 2 * transactions);
      ++images;
    }
    if (platter.is_at_end()) break;
  }
  CHECK(images > 12);
}
