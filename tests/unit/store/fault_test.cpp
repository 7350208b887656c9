#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>

#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/failing_vfs.hpp"

/// Disks that fail, fill up, lie, or lose the file.

using namespace escrow;
using namespace escrow::testing;
using store::WriteAnswer;
using store::sqlite::open_log;
using Operation = FailingVfs::Operation;
using File = FailingVfs::File;

namespace {

/// A log on a failing disk.
struct Bench {
  explicit Bench(FailingVfs& failing, std::int64_t checkpoint_pages = 1'000) : vfs(failing), pages(checkpoint_pages) { open(); }
  void open() {
    log.reset();
    auto opened = open_log({.path = path(), .checkpoint_pages = pages, .busy_ms = 1, .vfs = vfs.name()});
    REQUIRE(opened);
    log = std::move(*opened);
  }
  [[nodiscard]] std::string path() const { return directory.path() + "/escrow.db"; }
  WriteAnswer apply(const store::Write& write) { return log->apply({write})[0].answer; }
  /// The revision that a fresh reader sees; 0: nothing is there, nothing: it can't be read now.
  std::optional<std::int64_t> read(const std::string& name) {
    auto reader = log->open_reader();
    if (!reader) return std::nullopt;
    const auto found = (*reader)->load(protocol::Gid::parse(name).value());
    if (!found) return std::nullopt;
    REQUIRE_FALSE(found->corrupt);
    return found->transaction ? found->transaction->revision : 0;
  }
  std::int64_t revision(const std::string& name) {
    const auto found = read(name);
    REQUIRE(found);
    return *found;
  }
  /// What the next start would find if the process ended now.
  std::int64_t revision_after_a_crash(const std::string& name) {
    const TemporaryDirectory other;
    const std::string copy = other.path() + "/escrow.db";
    std::filesystem::copy_file(path(), copy);
    if (std::filesystem::exists(path() + "-wal")) std::filesystem::copy_file(path() + "-wal", copy + "-wal");
    const auto opened = open_log({.path = copy});
    REQUIRE(opened);
    const auto found = std::move(*(*opened)->open_reader())->load(protocol::Gid::parse(name).value());
    REQUIRE(found);
    return found->transaction ? found->transaction->revision : 0;
  }

  FailingVfs& vfs;
  std::int64_t pages;
  TemporaryDirectory directory;
  std::unique_ptr<store::Log> log;
};

}  // namespace

TEST_CASE("a failed fsync makes the batch unknown and the log fatal, whatever the disk holds", "[store][sqlite]") {
  FailingVfs vfs("failed-fsync");
  for (const bool happens : {false, true}) {
    Bench bench(vfs);
    auto transaction = started("before");
    REQUIRE(bench.apply(start_of(transaction)) == WriteAnswer::ok);
    vfs.fail({.operation = Operation::sync, .file = File::wal, .code = SQLITE_IOERR_FSYNC, .happens = happens});
    const auto answers = bench.log->apply({next_of(transaction), start_of(started("other"))});
    CHECK(answers[0].answer == WriteAnswer::unknown);
    CHECK(answers[1].answer == WriteAnswer::unknown);
    REQUIRE(bench.log->fatal());
    CHECK_FALSE(bench.read("before"));
    CHECK(bench.log->fatal()->find(bench.path()) != std::string::npos);
    CHECK(bench.apply(start_of(started("later"))) == WriteAnswer::unknown);
    CHECK_FALSE(bench.log->probe());
    vfs.heal();
    bench.open();
    CHECK_FALSE(bench.log->fatal());
    CHECK(bench.revision("before") >= 1);
    CHECK(bench.revision("later") == 0);
    CHECK((bench.revision("before") == 2) == (bench.revision("other") == 1));
  }
}

TEST_CASE("a failed fsync of a checkpoint is fatal", "[store][sqlite]") {
  FailingVfs vfs("failed-checkpoint");
  for (const File file : {File::wal, File::database}) {
    Bench bench(vfs, 2);
    REQUIRE(bench.apply(start_of(started("gid"))) == WriteAnswer::ok);
    vfs.fail({.operation = Operation::sync, .file = file, .code = SQLITE_IOERR_FSYNC});
    const auto told = bench.log->tend();
    REQUIRE(vfs.failed() == 1);
    CHECK(told);
    CHECK(bench.log->fatal());
    vfs.heal();
    bench.open();
    CHECK(bench.revision("gid") == 1);
  }
}

TEST_CASE("a full disk refuses writes, keeps what it has, and goes on when there is room", "[store][sqlite]") {
  FailingVfs vfs("full-disk");
  // A quota and a limit of the file's size are told by the system's number only.
  const std::pair<int, int> refusals[] = {
      {SQLITE_FULL, 0}, {SQLITE_READONLY, 0}, {SQLITE_IOERR_WRITE, EDQUOT}, {SQLITE_IOERR_WRITE, EFBIG}, {SQLITE_IOERR_WRITE, EIO}};
  for (const auto& [code, number] : refusals) {
    CAPTURE(code, number);
    Bench bench(vfs);
    auto transaction = started("before");
    REQUIRE(bench.apply(start_of(transaction)) == WriteAnswer::ok);
    vfs.fail({.operation = Operation::write, .is_sticky = true, .code = code, .error_number = number});
    auto failing = transaction;
    for (int i = 0; i < 3; ++i) {
      const auto answer = bench.apply(next_of(failing));
      CHECK((answer == WriteAnswer::unavailable || answer == WriteAnswer::unknown));
      failing = transaction;
      CHECK_FALSE(bench.log->probe());
      // Only where it is certain that nothing of the commit can come back.
      if (number != EIO) CHECK(bench.revision("before") == 1);
    }
    CHECK_FALSE(bench.log->fatal());
    vfs.heal();
    CHECK(bench.log->probe());
    CHECK(bench.apply(next_of(transaction)) == WriteAnswer::ok);
    CHECK(bench.revision("before") == 2);
    const auto counts = (*bench.log->open_reader())->counts();
    CHECK(counts->unfinished.at(protocol::Status::active) == 1);
  }
}

TEST_CASE("with any one operation failing, or all from it on, answers are true and the log goes on", "[store][sqlite]") {
  FailingVfs vfs("any-operation");
  const auto [operation, code, is_sticky] =
      GENERATE(table<Operation, int, bool>({{Operation::any, SQLITE_IOERR, false},
                                            {Operation::any, SQLITE_IOERR, true},
                                            {Operation::any, SQLITE_FULL, false},
                                            {Operation::any, SQLITE_FULL, true},
                                            // SQLite itself waits seconds for a lock that never comes.
                                            {Operation::lock, SQLITE_BUSY, false}}));
  bool untouched = false;
  for (std::int64_t at = 1; !untouched; at += 1 + at / 12) {
    REQUIRE(at < 5'000);
    CAPTURE(at, is_sticky, code);
    Bench bench(vfs, 3);
    auto old = started("old");
    auto transaction = started("gid");
    REQUIRE(bench.log->apply({start_of(old), end_of(old, 100)})[1].answer == WriteAnswer::ok);

    vfs.fail({.operation = operation, .at = at, .is_sticky = is_sticky, .code = code});
    std::int64_t known = 0;
    bool is_known = true;
    const auto note = [&](WriteAnswer answer, std::int64_t revision) {
      if (answer == WriteAnswer::ok) known = revision;
      if (answer == WriteAnswer::unknown) is_known = false;
      return answer == WriteAnswer::ok;
    };
    if (note(bench.apply(start_of(transaction)), 1) && note(bench.apply(next_of(transaction)), 2))
      note(bench.apply(next_of(transaction)), 3);
    (void)bench.log->tend();
    const auto removed = bench.log->remove_finished(1'000, 9'000, 10);
    untouched = vfs.failed() == 0;
    vfs.heal();

    if (bench.log->fatal()) bench.open();
    CHECK(bench.log->probe());
    const std::int64_t stored = bench.revision("gid");
    if (is_known) {
      CHECK(stored == known);
    } else {
      CHECK((stored == known || stored == known + 1));
    }
    if (removed) CHECK((bench.revision("old") == 0) == (*removed == 1));
    auto next = started("gid");
    next.revision = stored;
    if (stored > 0) {
      CHECK(bench.apply(next_of(next)) == WriteAnswer::ok);
    } else {
      CHECK(bench.apply(start_of(started("gid"))) == WriteAnswer::ok);
    }
    const auto reader = std::move(*bench.log->open_reader());
    std::int64_t last = 0;
    const auto events = reader->events_after(0, 100);
    for (const auto& event : *events) {
      CHECK(event.seq > last);
      last = event.seq;
    }
    CHECK(reader->counts()->unfinished.at(protocol::Status::active) == 1);
  }
}

TEST_CASE("what can be read behind a commit in doubt is what a crash leaves, or nothing can be read", "[store][sqlite]") {
  FailingVfs vfs("commit-in-doubt");
  // A disk says that it is full at a write and nowhere else.
  const auto [operation, code, happens] = GENERATE(table<Operation, int, bool>({{Operation::any, SQLITE_IOERR, false},
                                                                                {Operation::any, SQLITE_IOERR, true},
                                                                                {Operation::write, SQLITE_FULL, false},
                                                                                {Operation::any, SQLITE_IOERR_FSYNC, true}}));
  // A commit that failed, can't be seen, and is found by the next start; one that is over again as soon as something else is written.
  int returned = 0;
  int settled = 0;
  bool untouched = false;
  for (const bool is_sticky : {true, false}) {
    untouched = false;
    for (std::int64_t at = 1; !untouched; ++at) {
      REQUIRE(at < 200);
      CAPTURE(at, is_sticky, code, happens);
      Bench bench(vfs);
      auto transaction = started("gid");
      REQUIRE(bench.apply(start_of(transaction)) == WriteAnswer::ok);
      vfs.fail({.operation = operation, .at = at, .is_sticky = is_sticky, .code = code, .happens = happens});
      const auto answer = bench.apply(next_of(transaction));
      untouched = vfs.failed() == 0;
      vfs.heal();
      const auto seen = bench.read("gid");
      const auto left = bench.revision_after_a_crash("gid");
      if (seen) CHECK(*seen == left);
      if (answer == WriteAnswer::ok) CHECK(seen == 2);
      if (answer == WriteAnswer::unavailable) CHECK(left == 1);
      if (answer != WriteAnswer::unknown || bench.log->fatal()) continue;
      if (!seen && left == 2) ++returned;
      if (seen) ++settled;
      REQUIRE(bench.log->probe());
      REQUIRE(bench.read("gid"));
      CHECK(bench.revision("gid") == bench.revision_after_a_crash("gid"));
    }
  }
  if (code == SQLITE_IOERR) {
    CHECK(returned > 0);
    CHECK(settled > 0);
  }
}

TEST_CASE("a file that is deleted or replaced under the running process is noticed before the next write", "[store][sqlite]") {
  FailingVfs vfs("moved-file");
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    CAPTURE(suffix);
    Bench bench(vfs);
    REQUIRE(bench.apply(start_of(started("before"))) == WriteAnswer::ok);
    const std::string path = bench.path() + suffix;
    std::filesystem::rename(path, path + ".away");
    CHECK(bench.apply(start_of(started("deleted"))) == WriteAnswer::unavailable);
    CHECK_FALSE(bench.log->probe());
    std::filesystem::copy_file(path + ".away", path);
    CHECK(bench.apply(start_of(started("replaced"))) == WriteAnswer::unavailable);
    std::filesystem::rename(path + ".away", path);
    CHECK(bench.apply(start_of(started("back"))) == WriteAnswer::ok);
    CHECK(bench.revision("before") == 1);
    CHECK(bench.revision("deleted") == 0);
  }
}

TEST_CASE("a reader that stays holds back the checkpoint, not the writer, and is told once", "[store][sqlite]") {
  FailingVfs vfs("stuck-reader");
  Bench bench(vfs, 2);
  REQUIRE(bench.apply(start_of(started("first"))) == WriteAnswer::ok);
  sqlite3* stuck = nullptr;
  REQUIRE(sqlite3_open(bench.path().c_str(), &stuck) == SQLITE_OK);
  REQUIRE(sqlite3_exec(stuck, "BEGIN; SELECT count(*) FROM transactions", nullptr, nullptr, nullptr) == SQLITE_OK);

  int told = 0;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(bench.apply(start_of(started("gid" + std::to_string(i)))) == WriteAnswer::ok);
    if (bench.log->tend()) ++told;
  }
  CHECK(told == 1);
  sqlite3_close_v2(stuck);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(bench.apply(start_of(started("more" + std::to_string(i)))) == WriteAnswer::ok);
    CHECK_FALSE(bench.log->tend());
  }
}
