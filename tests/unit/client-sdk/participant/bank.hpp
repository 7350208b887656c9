#pragma once

#include <unistd.h>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <escrow/barrier.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/statement.hpp>

namespace escrow::test {

/// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "escrow-barrier-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// A participant's database with one account: forward takes 1 from `balance`, undo gives it back, confirm adds 100 to `confirmed`.
class Bank {
 public:
  explicit Bank(const std::string& path, const char* vfs = nullptr, const std::string& journal_mode = "wal") {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    db_.reset(raw);
    REQUIRE(code == SQLITE_OK);
    sqlite3_busy_timeout(raw, 0);
    sqlite::execute(raw, "pragma journal_mode = " + journal_mode + "; pragma synchronous = full");
    REQUIRE(sqlite::create_barrier_schema(raw).has_value());
    sqlite::execute(raw,
                    "create table if not exists account (id integer primary key, balance integer, confirmed integer);"
                    "insert or ignore into account values (1, 10, 0)");
  }

  [[nodiscard]] sqlite3* db() const { return db_.get(); }
  /// As a crash does: what is not committed is gone.
  void drop() { db_.reset(); }

  void change(Operation operation) const {
    switch (operation) {
      case Operation::action:
      case Operation::try_: sqlite::execute(db(), "update account set balance = balance - 1"); break;
      case Operation::compensate:
      case Operation::cancel: sqlite::execute(db(), "update account set balance = balance + 1"); break;
      case Operation::confirm: sqlite::execute(db(), "update account set confirmed = confirmed + 100"); break;
      case Operation::check: break;
    }
  }

  Outcome perform(const Branch& branch, const Outcome& says = Outcome::succeeded("{\"n\":1}")) const {
    return sqlite::Barrier(db(), [] { return std::int64_t{1000}; }).run(branch, [&](const std::string&) {
      change(branch.operation());
      return says;
    });
  }

  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    sqlite::Statement statement(db(), sql);
    REQUIRE(statement.next());
    return statement.integer(0);
  }
  [[nodiscard]] std::int64_t taken() const { return 10 - number("select balance from account"); }
  [[nodiscard]] std::int64_t confirmed() const { return number("select confirmed from account"); }
  [[nodiscard]] std::int64_t rows() const { return number("select count(*) from escrow_barrier"); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace escrow::test
