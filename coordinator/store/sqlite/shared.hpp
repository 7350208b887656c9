#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "coordinator/store/log.hpp"
#include "coordinator/store/sqlite/connection.hpp"

/// What a log and its readers share.
namespace escrow::store::sqlite {

/// How many transactions there are of each unfinished status, and in attention; changed after a commit only.
struct SharedCounts {
  std::atomic<std::int64_t> active = 0;
  std::atomic<std::int64_t> committing = 0;
  std::atomic<std::int64_t> aborting = 0;
  std::atomic<std::int64_t> attention = 0;
  std::atomic<std::int64_t> last_seq = 0;
};

struct Shared {
  std::string path;
  int busy_ms = 1'000;
  const char* vfs = nullptr;
  SharedCounts counts;
  /// A COMMIT has failed and none has succeeded since. Its frames may lie in the write-ahead log, whole: readers of this run do not see
  /// them, and the next start may. Until another commit has taken their place, nobody may read, since nobody could rely on it.
  std::atomic<bool> is_in_doubt = false;
  /// In memory only: readers use the writer's connection, one at a time, held for the whole of an operation.
  std::shared_ptr<Connection> connection;
  std::mutex connection_in_use;
};

[[nodiscard]] Result<std::unique_ptr<Reader>> open_reader(std::shared_ptr<Shared> shared);

}  // namespace escrow::store::sqlite
