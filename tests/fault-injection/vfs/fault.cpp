#include "tests/fault-injection/vfs/fault.hpp"

#include <sqlite3.h>

namespace escrow::vfs {

std::span<const Harm> harms_of(Step step) {
  static constexpr Harm plain[] = {Harm::error};
  static constexpr Harm reading[] = {Harm::error, Harm::short_read};
  static constexpr Harm writing[] = {Harm::error, Harm::error_but_done, Harm::half_done, Harm::full, Harm::half_full, Harm::read_only};
  static constexpr Harm changing[] = {Harm::error, Harm::error_but_done};
  static constexpr Harm syncing[] = {Harm::error, Harm::error_but_done, Harm::forgotten};
  static constexpr Harm locking[] = {Harm::error, Harm::busy};
  static constexpr Harm mapping[] = {Harm::error, Harm::no_memory};
  switch (step) {
    case Step::open:
    case Step::size:
    case Step::exists: return plain;
    case Step::read: return reading;
    case Step::write: return writing;
    case Step::truncate:
    case Step::remove: return changing;
    case Step::sync: return syncing;
    case Step::lock:
    case Step::shm_lock: return locking;
    case Step::shm_map: return mapping;
  }
  return plain;
}

int code_of(Step step, Harm harm) {
  switch (harm) {
    case Harm::full:
    case Harm::half_full: return SQLITE_FULL;
    case Harm::read_only: return SQLITE_READONLY;
    case Harm::short_read: return SQLITE_IOERR_SHORT_READ;
    case Harm::misdirected: return SQLITE_OK;
    case Harm::busy: return SQLITE_BUSY;
    case Harm::no_memory: return SQLITE_NOMEM;
    case Harm::error:
    case Harm::error_but_done:
    case Harm::half_done:
    case Harm::forgotten: break;
  }
  switch (step) {
    case Step::open: return SQLITE_CANTOPEN;
    case Step::read: return SQLITE_IOERR_READ;
    case Step::write: return SQLITE_IOERR_WRITE;
    case Step::truncate: return SQLITE_IOERR_TRUNCATE;
    case Step::sync: return SQLITE_IOERR_FSYNC;
    case Step::size: return SQLITE_IOERR_FSTAT;
    case Step::remove: return SQLITE_IOERR_DELETE;
    case Step::exists: return SQLITE_IOERR_ACCESS;
    case Step::lock: return SQLITE_IOERR_LOCK;
    case Step::shm_map: return SQLITE_IOERR_SHMMAP;
    case Step::shm_lock: return SQLITE_IOERR_SHMLOCK;
  }
  return SQLITE_IOERR;
}

std::string_view name_of(Step step) {
  static constexpr std::string_view names[] = {"open",   "read",   "write", "truncate", "sync",    "size",
                                               "remove", "exists", "lock",  "shm map",  "shm lock"};
  return names[static_cast<std::size_t>(step)];
}

std::string_view name_of(FileKind kind) {
  static constexpr std::string_view names[] = {"database", "wal", "journal"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Harm harm) {
  static constexpr std::string_view names[] = {"error",      "error but done", "half done", "full",      "half full", "read only",
                                               "short read", "misdirected",    "busy",      "no memory", "forgotten"};
  return names[static_cast<std::size_t>(harm)];
}

std::string_view name_of(Lasting lasting) {
  static constexpr std::string_view names[] = {"once", "this step", "everything"};
  return names[static_cast<std::size_t>(lasting)];
}

}  // namespace escrow::vfs
