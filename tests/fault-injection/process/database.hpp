#pragma once

#include <string>
#include <vector>

struct sqlite3;

namespace escrow::processes {

/// Somebody else's SQLite file. Opened to be written, too: behind a SIGKILL whoever opens it first recovers its write-ahead log.
class DatabaseFile {
 public:
  /// Throws std::runtime_error.
  explicit DatabaseFile(const std::string& path);
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  /// All rows as text, NULL as empty. Throws std::runtime_error.
  std::vector<std::vector<std::string>> rows(const std::string& sql);

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace escrow::processes
