#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"

/// The schema: what is documented is there, and what is searched has an index.

using namespace escrow;
using namespace escrow::testing;

namespace {

using Tables = std::map<std::string, std::set<std::string>>;

std::vector<std::vector<std::string>> rows(sqlite3* handle, const std::string& sql) {
  std::vector<std::vector<std::string>> found;
  sqlite3_stmt* statement = nullptr;
  INFO(sql);
  REQUIRE(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    auto& row = found.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = sqlite3_column_text(statement, i);
      row.emplace_back(text != nullptr ? reinterpret_cast<const char*>(text) : "");
    }
  }
  sqlite3_finalize(statement);
  return found;
}

/// Headings "### `table`" and rows "| `column` | ...".
Tables documented() {
  Tables tables;
  std::ifstream file(ESCROW_LOG_FORMAT);
  std::string line;
  std::string table;
  while (std::getline(file, line)) {
    const auto quoted = [&](const std::string& before) {
      return line.starts_with(before) ? line.substr(before.size(), line.find('`', before.size()) - before.size()) : std::string();
    };
    if (line.starts_with("#")) table = quoted("### `");
    if (!table.empty()) tables[table];
    if (const auto column = quoted("| `"); !column.empty() && !table.empty()) tables[table].insert(column);
  }
  return tables;
}

/// Connections that were opened since the last look, found by the only means SQLite gives a test.
std::vector<sqlite3*>& opened_connections() {
  static std::vector<sqlite3*> all;
  return all;
}

int remember(sqlite3* handle, const char**, const sqlite3_api_routines*) {
  opened_connections().push_back(handle);
  return SQLITE_OK;
}

}  // namespace

TEST_CASE("the document of the format has the tables and columns of the schema", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  REQUIRE(store::sqlite::open_log({.path = path}));
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  Tables real;
  for (const auto& table : rows(handle, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
    for (const auto& column : rows(handle, "SELECT name FROM pragma_table_info('" + table[0] + "')")) real[table[0]].insert(column[0]);
  }
  CHECK(documented() == real);
  CHECK(rows(handle, "PRAGMA page_size")[0][0] == "8192");
  CHECK(rows(handle, "PRAGMA journal_mode")[0][0] == "wal");
  for (const auto& table :
       rows(handle, "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%'")) {
    CAPTURE(table[0]);
    CHECK(table[1] == "1");
  }
  sqlite3_close(handle);
}

TEST_CASE("the writing connection syncs fully, checks foreign keys and checkpoints by itself only", "[store][sqlite]") {
  REQUIRE(sqlite3_auto_extension(reinterpret_cast<void (*)()>(&remember)) == SQLITE_OK);
  opened_connections().clear();
  const TemporaryDirectory directory;
  auto log = store::sqlite::open_log({.path = directory.path() + "/escrow.db"});
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&remember));
  REQUIRE(log);
  REQUIRE(opened_connections().size() == 1);
  sqlite3* handle = opened_connections()[0];
  CHECK(rows(handle, "PRAGMA synchronous")[0][0] == "2");
  CHECK(rows(handle, "PRAGMA foreign_keys")[0][0] == "1");
}

TEST_CASE("no statement of the log reads a table from end to end or sorts", "[store][sqlite]") {
  REQUIRE(sqlite3_auto_extension(reinterpret_cast<void (*)()>(&remember)) == SQLITE_OK);
  opened_connections().clear();
  const TemporaryDirectory directory;
  auto log = store::sqlite::open_log({.path = directory.path() + "/escrow.db"});
  REQUIRE(log);
  const auto reader = std::move(*(*log)->open_reader());
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&remember));
  REQUIRE(opened_connections().size() == 2);

  std::size_t looked_at = 0;
  for (sqlite3* handle : opened_connections()) {
    std::set<std::string> statements;
    for (sqlite3_stmt* statement = sqlite3_next_stmt(handle, nullptr); statement != nullptr;
         statement = sqlite3_next_stmt(handle, statement)) {
      statements.insert(sqlite3_sql(statement));
    }
    for (const auto& sql : statements) {
      for (const auto& step : rows(handle, "EXPLAIN QUERY PLAN " + sql)) {
        CAPTURE(sql, step[3]);
        CHECK_FALSE(step[3].starts_with("SCAN"));
        CHECK(step[3].find("TEMP B-TREE") == std::string::npos);
        ++looked_at;
      }
    }
  }
  CHECK(looked_at > 25);
}
