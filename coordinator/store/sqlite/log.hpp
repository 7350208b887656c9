#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/store/log.hpp"
#include "protocol/result.hpp"

/// The log in one SQLite file (docs/log-format.md): WAL with `synchronous=FULL`, one connection that writes and checkpoints, readers with
/// read-only connections of their own.
namespace escrow::store::sqlite {

struct Options {
  /// Empty: in memory, not durable; readers then share the writer's connection, one at a time.
  std::string path = {};
  /// Pages in the WAL after which `tend` checkpoints.
  std::int64_t checkpoint_pages = 1'000;
  /// How long one statement may wait for somebody else's lock on the file (a backup, a shell).
  int busy_ms = 1'000;
  /// The name of SQLite's virtual file system; null: the platform's.
  const char* vfs = nullptr;
  /// Whether the files are those of the operating system: then there is a lock against a second coordinator, and the files are watched.
  bool has_real_files = true;
  /// Of files that are not the operating system's: what `inspect` said of them. Who finds fewer frames opens them again.
  std::int64_t wal_frames = 0;
};

/// Opens or creates. Errors: unavailable (no permission, no directory), corrupt, newer, locked, not_a_log; an existing file is never
/// replaced. On return the new run is durable.
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(const Options& options);

}  // namespace escrow::store::sqlite
