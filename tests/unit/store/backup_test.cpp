#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "coordinator/store/sqlite/log.hpp"
#include "coordinator/store/store.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace escrow::testing;

TEST_CASE("an online backup taken under load is a log that opens, with what was acknowledged before it began", "[store][sqlite]") {
  const TemporaryDirectory directory;
  auto log = store::sqlite::open_log({.path = directory.path() + "/escrow.db", .checkpoint_pages = 20});
  REQUIRE(log);
  const std::string store_id = (*log)->store_id();
  std::atomic<int> acknowledged = 0;
  std::atomic<bool> stop = false;
  int before = 0;
  {
    store::Store store(std::move(*log), {});
    std::thread load([&] {
      for (int i = 0; i < 100'000 && !stop; ++i) {
        while (i > acknowledged + 50 && !stop) std::this_thread::yield();
        store.write(start_of(started("gid" + std::to_string(i))), store::Urgency::owed, [&](const store::WriteResult& result) {
          if (result.answer == store::WriteAnswer::ok) ++acknowledged;
        });
      }
    });
    while (acknowledged < 100) std::this_thread::yield();
    before = acknowledged;

    // What the shell's `.backup` does, in one step.
    sqlite3* from = nullptr;
    sqlite3* to = nullptr;
    REQUIRE(sqlite3_open_v2((directory.path() + "/escrow.db").c_str(), &from, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_open((directory.path() + "/backup.db").c_str(), &to) == SQLITE_OK);
    sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
    REQUIRE(backup != nullptr);
    CHECK(sqlite3_backup_step(backup, -1) == SQLITE_DONE);
    CHECK(sqlite3_backup_finish(backup) == SQLITE_OK);
    sqlite3_close(from);
    sqlite3_close(to);
    stop = true;
    load.join();
  }
  auto copy = store::sqlite::open_log({.path = directory.path() + "/backup.db"});
  REQUIRE(copy);
  CHECK((*copy)->store_id() == store_id);
  const auto reader = std::move(*(*copy)->open_reader());
  for (int i = 0; i < before; ++i) {
    const auto found = reader->load(protocol::Gid::parse("gid" + std::to_string(i)).value());
    REQUIRE(found->transaction);
  }
  CHECK((*copy)->apply({start_of(started("after"))})[0].answer == store::WriteAnswer::ok);
}
