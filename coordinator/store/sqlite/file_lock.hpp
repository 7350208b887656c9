#pragma once

#include <string>

#include "protocol/result.hpp"

/// Keeps a second coordinator away from a log.
namespace escrow::store::sqlite {

/// An exclusive lock of the operating system on `PATH.lock`. It ends with the process, however that ends; the file stays and means nothing.
/// SQLite's own locks would not do: they are given up between transactions.
class FileLock {
 public:
  /// LogErrc::locked when somebody has it, with the process's number as far as known; LogErrc::unavailable when the file can't be made.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& database_path);

  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace escrow::store::sqlite
