#include "coordinator/server/reload/guarded_file.hpp"
#include "coordinator/server/reload/reloads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace escrow::server;

namespace {

/// Long enough ago that nobody can be writing it.
void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(10));
}

/// Another file in its place, as a careful program writes it.
void replace(const std::string& path, std::string_view text) {
  put(path + ".new", text);
  std::filesystem::rename(path + ".new", path);
}

std::string text_of(const std::string& path) {
  const auto read = read_guarded_file(path, Guard::nobody_writes);
  return read ? read->text : std::string();
}

/// Something made from one file; "bad" is what it does not take.
struct Thing {
  std::string path;
  std::string text = "nothing";
  int readings = 0;

  Reloadable reloadable() {
    return {"thing.file", [this] { return std::vector{path}; },
            [this]() -> Result<void, Error> {
              ++readings;
              std::string now = text_of(path);
              if (now.empty() || now == "bad") return Error{std::make_error_code(std::errc::invalid_argument), "it is bad"};
              text = std::move(now);
              return {};
            }};
  }
};

Logger silent() { return Logger(::open("/dev/null", O_WRONLY | O_CLOEXEC), LogLevel::error); }

}  // namespace

TEST_CASE("a file is read again when another one stands in its place, and only then", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  Thing thing{directory.path() + "/thing"};
  put(thing.path, "one");
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add(thing.reloadable()));
  CHECK(thing.text == "one");
  reloads.look();
  CHECK(thing.readings == 1);
  replace(thing.path, "two");
  reloads.look();
  CHECK(thing.text == "two");
  reloads.look();
  CHECK(thing.readings == 2);
  reloads.read_all();
  CHECK(thing.readings == 3);
  CHECK(reloads.succeeded() == 2);
  CHECK(reloads.failed() == 0);
}

TEST_CASE("a file that has become wrong or is gone leaves the old state, and is taken once it is right", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  Thing thing{directory.path() + "/thing"};
  put(thing.path, "one");
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add(thing.reloadable()));
  replace(thing.path, "bad");
  reloads.look();
  reloads.look();
  CHECK(thing.text == "one");
  CHECK(reloads.failed() == 1);
  std::filesystem::remove(thing.path);
  reloads.look();
  CHECK(thing.text == "one");
  CHECK(reloads.failed() == 2);
  put(thing.path, "three");
  reloads.look();
  CHECK(thing.text == "three");
}

TEST_CASE("a link that points elsewhere is another file", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  Thing thing{directory.path() + "/link"};
  put(directory.path() + "/a", "one");
  put(directory.path() + "/b", "two");
  std::filesystem::create_symlink(directory.path() + "/a", thing.path);
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add(thing.reloadable()));
  std::filesystem::create_symlink(directory.path() + "/b", thing.path + ".new");
  std::filesystem::rename(thing.path + ".new", thing.path);
  reloads.look();
  CHECK(thing.text == "two");
}

TEST_CASE("a file that is being written waits for the next look, and a hangup reads it at once", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  Thing thing{directory.path() + "/thing"};
  put(thing.path, "one");
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add(thing.reloadable()));
  // Written now, and a second from now is later than this test takes; else it looks at nothing.
  std::ofstream(thing.path, std::ios::binary) << "half";
  const auto written = std::filesystem::last_write_time(thing.path);
  reloads.look();
  if (std::filesystem::file_time_type::clock::now() - written < std::chrono::milliseconds(900)) CHECK(thing.text == "one");
  put(thing.path, "the whole of it");
  reloads.look();
  CHECK(thing.text == "the whole of it");
  std::ofstream(thing.path, std::ios::binary) << "at once";
  reloads.read_all();
  CHECK(thing.text == "at once");
  // By a clock that was ahead.
  std::ofstream(thing.path, std::ios::binary) << "from the future";
  std::filesystem::last_write_time(thing.path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  reloads.look();
  CHECK(thing.text == "from the future");
}

TEST_CASE("a secret file of another user decides nothing, and root's does", "[server][reload]") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  put(path, "text");
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  CHECK(read_guarded_file(path, Guard::nobody_reads));
  REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
  for (const Guard guard : {Guard::nobody_reads, Guard::nobody_writes}) {
    const auto read = read_guarded_file(path, guard);
    REQUIRE_FALSE(read);
    CHECK(read.error().detail.find("65534") != std::string::npos);
  }
}

TEST_CASE("what can not be read at the start is told and not watched", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  Thing thing{directory.path() + "/thing"};
  Logger logger = silent();
  Reloads reloads(logger);
  CHECK_FALSE(reloads.add(thing.reloadable()));
  CHECK(reloads.empty());
}

TEST_CASE("a reader that throws is one that failed, and the looking goes on", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  put(path, "one");
  int readings = 0;
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add({"file", [&] { return std::vector{path}; },
                       [&]() -> Result<void, Error> {
                         if (++readings == 2) throw std::runtime_error("no memory");
                         return {};
                       }}));
  replace(path, "two");
  reloads.look();
  CHECK(reloads.failed() == 1);
  replace(path, "three");
  reloads.look();
  CHECK(readings == 3);
  CHECK(reloads.succeeded() == 1);
}

TEST_CASE("a file names further files, which are watched from then on", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  const std::string list = directory.path() + "/list";
  const std::string further = directory.path() + "/further";
  put(list, "x");
  put(further, "one");
  int readings = 0;
  Reloadable what{"list", [&] { return readings == 0 ? std::vector{list} : std::vector{list, further}; },
                  [&]() -> Result<void, Error> {
                    ++readings;
                    return {};
                  }};
  Logger logger = silent();
  Reloads reloads(logger);
  REQUIRE(reloads.add(what));
  reloads.look();
  CHECK(readings == 1);
  replace(further, "two");
  reloads.look();
  CHECK(readings == 2);
}

TEST_CASE("a file that others may write decides nothing, and one that others may read holds no secret", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  put(path, "text");
  struct Row {
    mode_t mode;
    bool hashes;
    bool secrets;
    bool readable;
  };
  // As root a file of root's own is no special case: nobody has handed it over.
  for (const Row& row :
       {Row{0600, true, true, false}, Row{0400, true, true, false}, Row{0640, true, false, false}, Row{0644, true, false, true},
        Row{0660, false, false, false}, Row{0602, false, false, false}, Row{0620, false, false, false}, Row{0604, true, false, true}}) {
    REQUIRE(::chmod(path.c_str(), row.mode) == 0);
    INFO(row.mode);
    const auto hashes = read_guarded_file(path, Guard::nobody_writes);
    CHECK(hashes.has_value() == row.hashes);
    if (hashes) CHECK(hashes->text == "text");
    if (hashes) CHECK(hashes->is_readable_by_others == row.readable);
    const auto secrets = read_guarded_file(path, Guard::nobody_reads);
    CHECK(secrets.has_value() == row.secrets);
    if (!secrets) CHECK(secrets.error().detail.find("text") == std::string::npos);
  }
}

TEST_CASE("what is no file is not waited for", "[server][reload]") {
  const testing::TemporaryDirectory directory;
  CHECK_FALSE(read_guarded_file(directory.path(), Guard::nobody_writes));
  CHECK_FALSE(read_guarded_file(directory.path() + "/none", Guard::nobody_writes));
  const std::string pipe = directory.path() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_FALSE(read_guarded_file(pipe, Guard::nobody_writes));
  const std::string large = directory.path() + "/large";
  put(large, "x");
  REQUIRE(::truncate(large.c_str(), static_cast<off_t>(guarded_file_limit + 1)) == 0);
  CHECK_FALSE(read_guarded_file(large, Guard::nobody_writes));
}
