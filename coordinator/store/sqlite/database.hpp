#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/store/sqlite/connection.hpp"
#include "coordinator/store/sqlite/file_lock.hpp"
#include "coordinator/store/sqlite/file_watch.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "protocol/result.hpp"

/// Opening the file: whose it is, whether it is whole, which version it has.
namespace escrow::store::sqlite {

/// Marks our files (offset 68 of the header): "Escw".
inline constexpr std::int64_t application_id = 0x45736377;

/// An open, checked and migrated database, and what it says about itself.
struct Database {
  FileLock lock;
  FileWatch watch;
  std::shared_ptr<Connection> connection;
  std::string path;
  std::string store_id;
  /// Of this opening; durable.
  std::int64_t run = 0;
  std::int64_t latest_ms = 0;
  std::int64_t last_id = 0;
  std::int64_t last_seq = 0;
};

[[nodiscard]] Result<Database> open_database(const Options& options);

/// The settings that each connection to a log needs, reading ones too.
[[nodiscard]] int configure(Connection& connection, int busy_ms);

}  // namespace escrow::store::sqlite
