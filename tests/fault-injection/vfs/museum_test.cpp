#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <sstream>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/vfs/disk.hpp"
#include "tests/fault-injection/vfs/ledger.hpp"
#include "tests/fault-injection/vfs/platter.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// What the simulated disk has found in the store, each as short as it can be.

using namespace escrow;
using namespace escrow::testing;
using store::WriteAnswer;
using vfs::Disk;
using vfs::Harm;
using vfs::Lasting;
using vfs::log_path;
using vfs::Step;

namespace {

Result<std::unique_ptr<store::Log>> open_on(Disk& disk) {
  return store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false});
}

/// A killed process's files: three transactions, all of them in the write-ahead log.
vfs::Image killed(Disk& disk) {
  disk.start({{log_path, ""}}, 5);
  auto log = std::move(*open_on(disk));
  for (const char* gid : {"one", "two", "three"}) REQUIRE(log->apply({start_of(started(gid))})[0].answer == WriteAnswer::ok);
  vfs::Image image = disk.seen();
  disk.end_process();
  return image;
}

bool inspect(const vfs::Image& image) {
  const auto stream = [&](const std::string& name) {
    const auto found = image.find(name);
    return std::istringstream(found == image.end() ? std::string() : found->second);
  };
  auto database = stream(log_path);
  auto wal = stream(log_path + "-wal");
  auto journal = stream(log_path + "-journal");
  return store::sqlite::inspect(log_path, database, wal, journal).has_value();
}

}  // namespace

TEST_CASE("museum: a first page that was torn while the write-ahead log was carried over is taken from the log", "[vfs][museum]") {
  Disk disk("museum");
  vfs::Image image = killed(disk);
  for (std::size_t i = 0; i < 512; ++i) image.at(log_path)[i] = static_cast<char>(0xA5);
  CHECK(inspect(image));
  disk.start(image, 6);
  auto log = open_on(disk);
  REQUIRE(log);
  CHECK((*log)->store_id() != "");
  CHECK(vfs::read_content(log_path, disk.name()).revisions.size() == 3);

  // Without the log there is nothing to take it from.
  image.erase(log_path + "-wal");
  CHECK_FALSE(inspect(image));
}

TEST_CASE("museum: power that fails while the first page of a new log is made leaves a file that is made again", "[vfs][museum]") {
  Disk disk("museum");
  disk.start({{log_path, ""}}, 7);
  {
    REQUIRE(open_on(disk));
  }
  const vfs::Trace trace = disk.trace();
  vfs::Platter platter({{log_path, ""}}, trace, 7);
  const auto is_first_page = [&](const vfs::Happened& happened) {
    return happened.what == vfs::Happened::What::write && trace.names[happened.file] == log_path;
  };
  while (!is_first_page(trace.happened.at(platter.position()))) platter.advance();
  platter.advance();
  vfs::Image image = platter.cut(vfs::Damage::all_kept, 1).image;
  REQUIRE(image.contains(log_path + "-journal"));
  // The first sector of the page did not get there.
  for (std::size_t i = 0; i < 512; ++i) image.at(log_path)[i] = 0;
  CHECK(inspect(image));
  disk.start(image, 7);
  CHECK(open_on(disk));

  image.at(log_path + "-journal")[19] = 3;
  CHECK_FALSE(inspect(image));
}

TEST_CASE("museum: a mark of a commit in another sector than its salts is no proof of damage", "[vfs][museum]") {
  Disk disk("museum");
  disk.start({{log_path, ""}}, 8);
  std::string wal;
  {
    auto log = std::move(*open_on(disk));
    // The last commit spans the frame whose header is split between two sectors: number 41, counted from 0.
    for (int i = 0; wal.size() < 32 + 33 * 8'216; ++i) {
      REQUIRE(log->apply({start_of(started("gid." + std::to_string(i)))})[0].answer == WriteAnswer::ok);
      wal = disk.seen().at(log_path + "-wal");
    }
    const std::size_t frames_before = (wal.size() - 32) / 8'216;
    REQUIRE(frames_before <= 40);
    std::vector<store::Write> many;
    for (int i = 0; i < 40; ++i) many.push_back(start_of(started("last." + std::to_string(i))));
    for (auto& write : many) write.request.resize(write.request.size() + 4'000, ' ');
    REQUIRE(log->apply(many)[0].answer == WriteAnswer::ok);
    wal = disk.seen().at(log_path + "-wal");
    disk.end_process();
  }
  vfs::Image image = disk.seen();
  std::string& bytes = image.at(log_path + "-wal");
  const std::size_t split = 32 + 41 * 8'216;
  REQUIRE(bytes.size() > split + 8'216);
  REQUIRE(split % 512 == 504);
  // The sector that ends behind the mark of the commit is one of an older log; the one with the salts is there.
  bytes[split + 7] = 9;
  CHECK(inspect(image));
}

TEST_CASE("museum: a page that cannot be read while the file is checked at start is no damage", "[vfs][museum]") {
  Disk disk("museum");
  const vfs::Image image = killed(disk);
  disk.start(image, 9);
  disk.count_requests();
  REQUIRE(open_on(disk));
  const auto requests = disk.requests();
  int unreadable = 0;
  for (std::size_t at = 0; at < requests.size(); ++at) {
    if (requests[at].step != Step::read) continue;
    for (const Lasting lasting : {Lasting::once, Lasting::this_step}) {
      disk.start(image, 9);
      disk.arm({static_cast<std::int64_t>(at) + 1, Harm::error, lasting});
      const auto log = open_on(disk);
      if (log) continue;
      ++unreadable;
      CHECK(log.error().code == store::LogErrc::unavailable);
    }
  }
  CHECK(unreadable > 10);
}

TEST_CASE("museum: numbers that cannot be read at start are not taken for zero", "[vfs][museum]") {
  Disk disk("museum");
  const vfs::Image image = killed(disk);
  disk.start(image, 9);
  disk.count_requests();
  {
    REQUIRE(open_on(disk));
  }
  const auto requests = disk.requests().size();
  int opened = 0;
  for (std::size_t at = 1; at <= requests; ++at) {
    disk.start(image, 9);
    disk.arm({static_cast<std::int64_t>(at), Harm::error, Lasting::once});
    auto log = open_on(disk);
    disk.disarm();
    if (!log) continue;
    ++opened;
    CAPTURE(at);
    const auto counts = (*(*log)->open_reader())->counts();
    CHECK(counts->unfinished.at(protocol::Status::active) == 3);
    const auto written = (*log)->apply({start_of(started("four"))})[0];
    REQUIRE(written.answer == WriteAnswer::ok);
    CHECK(written.last_seq == 4);
  }
  CHECK(opened > 10);
}

TEST_CASE("museum: the next header of the write-ahead log, written half-way time and again, is no damage", "[vfs][museum]") {
  Disk disk("museum");
  disk.start({{log_path, ""}}, 5);
  auto log = std::move(
      *store::sqlite::open_log({.path = log_path, .checkpoint_pages = 1, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false}));
  for (const char* gid : {"one", "two", "three"}) REQUIRE(log->apply({start_of(started(gid))})[0].answer == WriteAnswer::ok);
  vfs::Image before = disk.seen();
  (void)log->tend();
  vfs::Image image = disk.seen();
  disk.end_process();
  log.reset();
  // The number of the log, its last byte: each try has counted it on, with the salts and the checksum of this one.
  for (int i = 0; i < 5; ++i) {
    ++image.at(log_path + "-wal")[15];
    ++before.at(log_path + "-wal")[15];
    CHECK(inspect(image));
    // No log is begun anew before its pages are in the database.
    CHECK_FALSE(inspect(before));
  }
  disk.start(image, 6);
  REQUIRE(open_on(disk));
  CHECK(vfs::read_content(log_path, disk.name()).revisions.size() == 3);
}

TEST_CASE("museum: half a header before what is left of a commit that failed is no damage", "[vfs][museum]") {
  Disk disk("museum");
  std::vector<store::Write> many;
  for (int i = 0; i < 8; ++i) many.push_back(start_of(started("failed." + std::to_string(i))));
  for (auto& write : many) write.request.resize(write.request.size() + 9'000, ' ');
  std::unique_ptr<store::Log> log;
  const auto begin = [&] {
    log.reset();
    disk.start({{log_path, ""}}, 9);
    log = std::move(
        *store::sqlite::open_log({.path = log_path, .checkpoint_pages = 1, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false}));
    REQUIRE(log->apply({start_of(started("kept"))})[0].answer == WriteAnswer::ok);
  };
  begin();
  disk.count_requests();
  REQUIRE(log->apply(many)[0].answer == WriteAnswer::ok);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < disk.requests().size(); ++i) {
    if (disk.requests()[i].step == Step::write) last = static_cast<std::int64_t>(i) + 1;
  }
  begin();
  disk.arm({last, Harm::error_but_done, Lasting::once});
  REQUIRE(log->apply(many)[0].answer == WriteAnswer::unknown);
  disk.disarm();
  (void)log->tend();
  vfs::Image image = disk.seen();
  disk.end_process();
  log.reset();
  ++image.at(log_path + "-wal")[15];
  CHECK(inspect(image));
  disk.start(image, 10);
  REQUIRE(open_on(disk));
  CHECK(vfs::read_content(log_path, disk.name()).revisions.size() == 1);
}

TEST_CASE("museum: a torn commit before what is left of one that failed is no damage", "[vfs][museum]") {
  Disk disk("museum");
  std::vector<store::Write> many;
  for (int i = 0; i < 8; ++i) many.push_back(start_of(started("failed." + std::to_string(i))));
  for (auto& write : many) write.request.resize(write.request.size() + 9'000, ' ');
  std::unique_ptr<store::Log> log;
  const auto begin = [&] {
    log.reset();
    disk.start({{log_path, ""}}, 9);
    log = std::move(*open_on(disk));
    REQUIRE(log->apply({start_of(started("kept"))})[0].answer == WriteAnswer::ok);
  };
  // The last write of the commit, in a first life; in the second one it is reported as failed although it is there.
  begin();
  disk.count_requests();
  REQUIRE(log->apply(many)[0].answer == WriteAnswer::ok);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < disk.requests().size(); ++i) {
    if (disk.requests()[i].step == Step::write) last = static_cast<std::int64_t>(i) + 1;
  }
  begin();
  const std::size_t torn = disk.seen().at(log_path + "-wal").size() + 24;
  disk.arm({last, Harm::error_but_done, Lasting::once});
  REQUIRE(log->apply(many)[0].answer == WriteAnswer::unknown);
  disk.disarm();
  const std::string failed = disk.seen().at(log_path + "-wal");
  REQUIRE(log->apply({start_of(started("torn"))})[0].answer == WriteAnswer::ok);
  vfs::Image image = disk.seen();
  disk.end_process();
  log.reset();
  std::string& wal = image.at(log_path + "-wal");
  REQUIRE(wal.size() == failed.size());
  CHECK(inspect(image));
  // Power fails before all of the page of its first frame is there.
  wal.replace(torn, 512, 512, 'x');
  CHECK(inspect(image));
  disk.start(image, 10);
  REQUIRE(open_on(disk));
  CHECK(vfs::read_content(log_path, disk.name()).revisions.size() == 1);

  // Two commits behind a broken frame, one after the other, are damage.
  vfs::Image damaged = killed(disk);
  ++damaged.at(log_path + "-wal")[32 + 24 + 100];
  CHECK_FALSE(inspect(damaged));
}
