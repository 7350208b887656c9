#include "tests/fault-injection/process/database.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace escrow::processes {

DatabaseFile::DatabaseFile(const std::string& path) {
  if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
    sqlite3_close(db_);
    throw std::runtime_error("cannot open " + path);
  }
  sqlite3_busy_timeout(db_, 10'000);
}

DatabaseFile::~DatabaseFile() { sqlite3_close(db_); }

std::vector<std::vector<std::string>> DatabaseFile::rows(const std::string& sql) {
  std::vector<std::vector<std::string>> found;
  const auto collect = [](void* all, int columns, char** values, char**) {
    std::vector<std::string> row;
    for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
    static_cast<std::vector<std::vector<std::string>>*>(all)->push_back(std::move(row));
    return 0;
  };
  char* error = nullptr;
  if (sqlite3_exec(db_, sql.c_str(), collect, &found, &error) != SQLITE_OK) {
    const std::string what = error == nullptr ? "sqlite" : error;
    sqlite3_free(error);
    throw std::runtime_error(what + ": " + sql);
  }
  return found;
}

}  // namespace escrow::processes
