#pragma once

#include <sqlite3.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

/// A virtual file system for SQLite that hands everything to the platform's, but fails where a test says.
namespace escrow::testing {

class FailingVfs {
 public:
  enum class Operation : std::uint8_t { read, write, sync, truncate, open, lock, any };
  enum class File : std::uint8_t { database, wal, any };

  struct Fault {
    Operation operation = Operation::any;
    File file = File::any;
    /// The how manieth matching operation from now on fails; 1 is the next.
    std::int64_t at = 1;
    /// Whether all matching ones behind it fail, too.
    bool is_sticky = false;
    /// What the failing operation answers.
    int code = SQLITE_IOERR;
    /// Whether the operation takes place all the same: an error that lies.
    bool happens = false;
    /// What the system says beside it; 0: nothing.
    int error_number = 0;
  };

  /// Registers itself under `name`; not the default.
  explicit FailingVfs(std::string name) : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.iVersion = 2;
    vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + real_->szOsFile;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = &FailingVfs::open;
    sqlite3_vfs_register(&vfs_, 0);
  }
  /// All connections must be closed.
  ~FailingVfs() { sqlite3_vfs_unregister(&vfs_); }
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }

  void fail(const Fault& fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    seen_ = 0;
    failed_ = 0;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fault_.reset();
  }
  /// Operations that failed since `fail`.
  [[nodiscard]] std::int64_t failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  /// Operations that matched the fault since `fail`.
  [[nodiscard]] std::int64_t seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  struct Handle {
    sqlite3_file base;
    FailingVfs* owner;
    File kind;
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  /// The code to answer with, or nothing.
  std::optional<Fault> strike(Operation operation, File file) {
    const std::lock_guard lock(mutex_);
    if (!fault_ || (fault_->operation != Operation::any && fault_->operation != operation) ||
        (fault_->file != File::any && fault_->file != file)) {
      return std::nullopt;
    }
    ++seen_;
    if (seen_ < fault_->at || (seen_ > fault_->at && !fault_->is_sticky)) return std::nullopt;
    ++failed_;
    return fault_;
  }

  template <class Real>
  static int act(sqlite3_file* file, Operation operation, Real real) {
    auto* handle = reinterpret_cast<Handle*>(file);
    const auto fault = handle->owner->strike(operation, handle->kind);
    if (!fault) return real(handle->real());
    if (fault->happens) real(handle->real());
    if (fault->error_number != 0) errno = fault->error_number;
    return fault->code;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    auto* owner = static_cast<FailingVfs*>(vfs->pAppData);
    const File kind = (flags & SQLITE_OPEN_WAL) != 0 ? File::wal : (flags & SQLITE_OPEN_MAIN_DB) != 0 ? File::database : File::any;
    auto* handle = new (file) Handle{{nullptr}, owner, kind};
    if (const auto fault = owner->strike(Operation::open, kind)) return fault->code == SQLITE_IOERR ? SQLITE_CANTOPEN : fault->code;
    const int code = owner->real_->xOpen(owner->real_, path, handle->real(), flags, out_flags);
    if (code == SQLITE_OK) handle->base.pMethods = &methods();
    return code;
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m = {};
      m.iVersion = 2;
      m.xClose = [](sqlite3_file* file) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods != nullptr ? real->pMethods->xClose(real) : SQLITE_OK;
      };
      m.xRead = [](sqlite3_file* file, void* to, int size, sqlite3_int64 from) {
        return act(file, Operation::read, [&](sqlite3_file* real) { return real->pMethods->xRead(real, to, size, from); });
      };
      m.xWrite = [](sqlite3_file* file, const void* from, int size, sqlite3_int64 to) {
        return act(file, Operation::write, [&](sqlite3_file* real) { return real->pMethods->xWrite(real, from, size, to); });
      };
      m.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
        return act(file, Operation::truncate, [&](sqlite3_file* real) { return real->pMethods->xTruncate(real, size); });
      };
      m.xSync = [](sqlite3_file* file, int flags) {
        return act(file, Operation::sync, [&](sqlite3_file* real) { return real->pMethods->xSync(real, flags); });
      };
      m.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xFileSize(real, size);
      };
      m.xLock = [](sqlite3_file* file, int level) {
        return act(file, Operation::lock, [&](sqlite3_file* real) { return real->pMethods->xLock(real, level); });
      };
      m.xUnlock = [](sqlite3_file* file, int level) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xUnlock(real, level);
      };
      m.xCheckReservedLock = [](sqlite3_file* file, int* reserved) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xCheckReservedLock(real, reserved);
      };
      m.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xFileControl(real, operation, argument);
      };
      m.xSectorSize = [](sqlite3_file* file) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xSectorSize(real);
      };
      m.xDeviceCharacteristics = [](sqlite3_file* file) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xDeviceCharacteristics(real);
      };
      m.xShmMap = [](sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xShmMap(real, page, size, extend, memory);
      };
      m.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
        auto* handle = reinterpret_cast<Handle*>(file);
        if ((flags & SQLITE_SHM_LOCK) == 0) return handle->real()->pMethods->xShmLock(handle->real(), offset, count, flags);
        return act(file, Operation::lock, [&](sqlite3_file* real) { return real->pMethods->xShmLock(real, offset, count, flags); });
      };
      m.xShmBarrier = [](sqlite3_file* file) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        real->pMethods->xShmBarrier(real);
      };
      m.xShmUnmap = [](sqlite3_file* file, int remove) {
        auto* real = reinterpret_cast<Handle*>(file)->real();
        return real->pMethods->xShmUnmap(real, remove);
      };
      return m;
    }();
    return all;
  }

  std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::int64_t seen_ = 0;
  std::int64_t failed_ = 0;
};

}  // namespace escrow::testing
