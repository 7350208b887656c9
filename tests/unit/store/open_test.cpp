#include <catch2/catch.hpp>

#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/failing_vfs.hpp"

/// What is opened, what is refused, and that nothing refused is touched.

using namespace escrow;
using namespace escrow::testing;
using store::LogErrc;
using store::sqlite::open_log;

namespace {

namespace fs = std::filesystem;

void execute(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

Error refused(const std::string& path) {
  const std::string before = content(path);
  auto log = open_log({.path = path});
  REQUIRE_FALSE(log);
  CHECK(content(path) == before);
  CHECK(log.error().detail.find(path) != std::string::npos);
  return log.error();
}

void write_some(const std::string& path) {
  auto log = open_log({.path = path});
  REQUIRE(log);
  for (int i = 0; i < 20; ++i) {
    REQUIRE((*log)->apply({start_of(started("gid" + std::to_string(i)))})[0].answer == store::WriteAnswer::ok);
  }
}

}  // namespace

TEST_CASE("a new log is a file for its owner only", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  auto log = open_log({.path = path});
  REQUIRE(log);
  CHECK((*log)->is_durable());
  CHECK((*log)->store_id().size() == 36);
  CHECK((*log)->run() == 1);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat found = {};
    REQUIRE(::stat((path + suffix).c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
  }
}

TEST_CASE("two logs are told apart", "[store][sqlite]") {
  const TemporaryDirectory directory;
  auto one = open_log({.path = directory.path() + "/one.db"});
  auto two = open_log({.path = directory.path() + "/two.db"});
  CHECK((*one)->store_id() != (*two)->store_id());
}

TEST_CASE("a second coordinator is refused until the first has ended, by whatever name it finds the file", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  auto first = open_log({.path = path});
  REQUIRE(first);
  fs::create_symlink(path, directory.path() + "/other.db");
  for (const std::string& name :
       {path, directory.path() + "/../" + fs::path(directory.path()).filename().string() + "/escrow.db", directory.path() + "/other.db"}) {
    auto second = open_log({.path = name});
    REQUIRE_FALSE(second);
    CHECK(second.error().code == LogErrc::locked);
    CHECK(second.error().detail.find(path) != std::string::npos);
    CHECK(second.error().detail.find(std::to_string(::getpid())) != std::string::npos);
  }
  first->reset();
  CHECK(open_log({.path = path}));
}

TEST_CASE("a newer log is refused and not touched", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  write_some(path);
  execute(path, "INSERT INTO schema_version VALUES (1000, 0)");
  const auto error = refused(path);
  CHECK(error.code == LogErrc::newer);
  CHECK(error.detail.find("1000") != std::string::npos);
}

TEST_CASE("files of others are refused and not touched", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/other.db";
  SECTION("a text") { write_file(path, "dear diary\n"); }
  SECTION("bytes as long as a header") { write_file(path, std::string(4096, 'x')); }
  SECTION("a database with tables") { execute(path, "CREATE TABLE t (x)"); }
  SECTION("a database with a mark of its own") { execute(path, "PRAGMA application_id = 77; CREATE TABLE transactions (x)"); }
  SECTION("a database in WAL mode") { execute(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)"); }
  CHECK(refused(path).code == LogErrc::not_a_log);
}

TEST_CASE("places that cannot be opened are told", "[store][sqlite]") {
  const TemporaryDirectory directory;
  write_file(directory.path() + "/file", "not a directory");
  for (const std::string& path : {directory.path(), directory.path() + "/no/such/escrow.db", directory.path() + "/file/escrow.db"}) {
    CAPTURE(path);
    const auto log = open_log({.path = path});
    REQUIRE_FALSE(log);
    CHECK(log.error().code == LogErrc::unavailable);
  }
}

TEST_CASE("a damaged log is refused and never replaced", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  write_some(path);
  const std::string whole = content(path);
  REQUIRE(whole.size() > 100'000);
  SECTION("cut off") {
    write_file(path, whole.substr(0, whole.size() / 2));
    CHECK(refused(path).code == LogErrc::corrupt);
  }
  SECTION("the beginning overwritten") {
    write_file(path, std::string(100, '\0') + whole.substr(100));
    CHECK(refused(path).code == LogErrc::not_a_log);
  }
  SECTION("pages overwritten") {
    write_file(path, whole.substr(0, 8'192) + std::string(whole.size() - 8'192, '\xEE'));
    CHECK(refused(path).code == LogErrc::corrupt);
  }
  SECTION("emptied beside its write-ahead log") {
    write_file(path, "");
    write_file(path + "-wal", "something");
    CHECK(refused(path).code == LogErrc::corrupt);
  }
}

TEST_CASE("a crash at any operation of making a log leaves one that can be opened", "[store][sqlite]") {
  FailingVfs vfs("crash-while-making");
  bool made = false;
  for (std::int64_t at = 1; !made; at += 1 + at / 10) {
    REQUIRE(at < 500);
    CAPTURE(at);
    const TemporaryDirectory directory;
    const store::sqlite::Options options{.path = directory.path() + "/escrow.db", .busy_ms = 1, .vfs = vfs.name()};
    vfs.fail({.at = at, .is_sticky = true});
    made = open_log(options).has_value() && vfs.failed() == 0;
    vfs.heal();
    auto log = open_log(options);
    REQUIRE(log);
    CHECK((*log)->store_id().size() == 36);
    CHECK((*log)->apply({start_of(started("gid"))})[0].answer == store::WriteAnswer::ok);
  }
}
