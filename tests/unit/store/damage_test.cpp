#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace escrow::testing;

TEST_CASE("a flipped bit in the file is found or harmless, never another decision", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string whole = directory.path() + "/whole.db";
  std::vector<core::Transaction> expected;
  {
    auto log = store::sqlite::open_log({.path = whole});
    REQUIRE(log);
    RandomTransactions random(4711);
    for (int i = 0; i < 6; ++i) {
      auto transaction = random.start("gid." + std::to_string(i));
      for (int revision = 0; revision < 3; ++revision) {
        if (revision > 0) random.change(transaction);
        REQUIRE((*log)->apply({store::encode_write(transaction, transaction.updated_at, random.history())})[0].answer ==
                store::WriteAnswer::ok);
      }
      transaction.run = 1;
      expected.push_back(transaction);
    }
  }
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(whole));
  const std::string damaged = directory.path() + "/damaged.db";
  int refused = 0, found = 0, harmless = 0;
  // A stride that is coprime to the page size: all places of a page come up.
  for (std::int64_t at = 0; at < size; at += 1'997) {
    CAPTURE(at);
    std::filesystem::copy_file(whole, damaged, std::filesystem::copy_options::overwrite_existing);
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(damaged + suffix);
    {
      std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const auto byte = static_cast<char>(file.get() ^ (1 << (at % 8)));
      file.seekp(at);
      file.put(byte);
    }
    auto log = store::sqlite::open_log({.path = damaged});
    if (!log) {
      ++refused;
      continue;
    }
    const auto reader = std::move(*(*log)->open_reader());
    for (const auto& transaction : expected) {
      const auto loaded = reader->load(transaction.gid());
      if (!loaded || loaded->corrupt) {
        ++found;
        continue;
      }
      REQUIRE(loaded->transaction);
      REQUIRE(text_of(*loaded->transaction) == text_of(transaction));
      ++harmless;
    }
  }
  // Not all of it may be harmless, or the bits never reached what is read.
  CHECK(refused + found > 0);
  CHECK(harmless > 0);
}

TEST_CASE("a row of the history that cannot be read hides no other", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  {
    auto log = store::sqlite::open_log({.path = path});
    REQUIRE(log);
    for (const auto* name : {"a", "b", "c", "d", "e"})
      REQUIRE((*log)->apply({start_of(started(name))})[0].answer == store::WriteAnswer::ok);
  }
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
  // Every second and third event, so that a whole page of two is unreadable; and all but the last of one transaction.
  const char* damage =
      "UPDATE history SET events = replace(events, 'started', 'unheard_of') WHERE seq IN (2, 3);"
      "UPDATE history SET transaction_id = 4 WHERE seq = 2;"
      // The last one is no JSON at all: that stops no start.
      "UPDATE history SET events = '[{\"at_ms' WHERE seq = 5";
  CHECK(sqlite3_exec(file, damage, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(file);
  auto log = store::sqlite::open_log({.path = path});
  REQUIRE(log);
  const auto reader = std::move(*(*log)->open_reader());
  const auto seqs = [](const Result<std::vector<store::StoredEvent>>& events) {
    REQUIRE(events);
    std::vector<std::int64_t> found;
    for (const auto& event : *events) found.push_back(event.seq);
    return found;
  };
  CHECK(seqs(reader->events_after(0, 2)) == std::vector<std::int64_t>{1, 4});
  CHECK(seqs(reader->events_after(1, 2)) == std::vector<std::int64_t>{4});
  CHECK(seqs(reader->events(*protocol::Gid::parse("d"), 0, 1)) == std::vector<std::int64_t>{4});
}

TEST_CASE("a write-ahead log that is damaged in the middle is refused, one that is cut off is not", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  const std::string copy = directory.path() + "/copy.db";
  constexpr int written = 10;
  std::vector<std::int64_t> ends;
  {
    auto log = store::sqlite::open_log({.path = path});
    REQUIRE(log);
    for (int i = 0; i < written; ++i) {
      REQUIRE((*log)->apply({start_of(started("gid" + std::to_string(i)))})[0].answer == store::WriteAnswer::ok);
      ends.push_back(static_cast<std::int64_t>(std::filesystem::file_size(path + "-wal")));
    }
    // The files as a SIGKILL would leave them now.
    std::filesystem::copy_file(path, copy);
    std::filesystem::copy_file(path + "-wal", copy + "-wal");
  }
  const auto flip = [&](std::int64_t at) {
    std::fstream file(copy + "-wal", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto byte = static_cast<char>(file.get() ^ 4);
    file.seekp(at);
    file.put(byte);
  };
  const auto opens_with = [&](int transactions) {
    auto log = store::sqlite::open_log({.path = copy});
    REQUIRE(log);
    CHECK((*(*log)->open_reader())->list({}, 100, std::nullopt)->transactions.size() == static_cast<std::size_t>(transactions));
  };
  SECTION("whole") { opens_with(written); }
  SECTION("cut off in the last commit") {
    std::filesystem::resize_file(copy + "-wal", static_cast<std::uintmax_t>(ends[written - 1] - 100));
    opens_with(written - 1);
  }
  SECTION("torn in the last commit") {
    flip(ends[written - 2] + 24 + 500);
    opens_with(written - 1);
  }
  SECTION("damaged before") {
    for (const std::int64_t at : {ends[3] + 24 + 500, ends[3] + 2, ends[3] + 18, ends[0] - 9}) {
      flip(at);
      auto log = store::sqlite::open_log({.path = copy});
      REQUIRE_FALSE(log);
      CHECK(log.error().code == store::LogErrc::corrupt);
      flip(at);
    }
    opens_with(written);
  }
}
