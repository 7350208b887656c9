#include <cstring>
#include <new>

#include "tests/fault-injection/sim/random.hpp"
#include "tests/fault-injection/vfs/disk.hpp"

/// SQLite's interface to a file system (https://www.sqlite.org/vfs.html) on a Disk.
namespace escrow::vfs {

struct Glue {
  using Handle = Disk::Handle;
  using File = Disk::File;
  using What = Happened::What;

  static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static Disk& of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

  /// The file, unless the process that opened it has ended.
  static File* alive(const Handle& handle) { return handle.life == handle.disk->life_ ? handle.file->get() : nullptr; }

  // The file system.

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* base, int flags, int* out_flags) {
    Disk& disk = of(vfs);
    auto& handle = *new (base) Handle{};
    if (name == nullptr) return SQLITE_CANTOPEN;
    auto file = disk.find(name);
    const FileKind kind = (flags & SQLITE_OPEN_WAL) != 0            ? FileKind::wal
                          : (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 ? FileKind::journal
                                                                    : FileKind::database;
    if (const auto harm = disk.strike(Step::open, kind)) return code_of(Step::open, *harm);
    if (!file) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      file = disk.add(name);
      disk.record(What::create, *file);
    }
    handle.disk = &disk;
    handle.file = new std::shared_ptr<File>(std::move(file));
    handle.life = disk.life_;
    handle.owes_directory = kind != FileKind::database && (flags & SQLITE_OPEN_CREATE) != 0;
    base->pMethods = &methods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int is_durable) {
    Disk& disk = of(vfs);
    const auto file = disk.find(name);
    const auto harm = disk.strike(Step::remove, file ? file->kind : FileKind::database);
    if (harm && *harm != Harm::error_but_done) return code_of(Step::remove, *harm);
    if (!file) return SQLITE_IOERR_DELETE_NOENT;
    disk.record(What::remove, *file, is_durable);
    std::erase(disk.files_, file);
    return harm ? code_of(Step::remove, *harm) : SQLITE_OK;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int, int* answer) {
    Disk& disk = of(vfs);
    const auto file = disk.find(name);
    if (const auto harm = disk.strike(Step::exists, file ? file->kind : FileKind::wal)) return code_of(Step::exists, *harm);
    // An empty write-ahead log or journal is none.
    *answer = file && (file->kind == FileKind::database || !file->bytes.empty()) ? 1 : 0;
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }

  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    Disk& disk = of(vfs);
    for (int i = 0; i < size; ++i) out[i] = static_cast<char>(sim::mixed(disk.seed_, ++disk.drawn_));
    return size;
  }

  static int let_time_pass(sqlite3_vfs* vfs, int microseconds) {
    of(vfs).clock_ms_ += microseconds / 1'000;
    return microseconds;
  }

  static int current_time(sqlite3_vfs* vfs, sqlite3_int64* out) {
    // Milliseconds since noon of -4713-11-24; a day of 2026.
    *out = 212'635'000'000'000 + of(vfs).clock_ms_;
    return SQLITE_OK;
  }
  static int current_day(sqlite3_vfs* vfs, double* out) {
    sqlite3_int64 now = 0;
    current_time(vfs, &now);
    *out = static_cast<double>(now) / 86'400'000.0;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  // Files.

  static int close(sqlite3_file* base) {
    Handle& handle = of(base);
    if (File* file = alive(handle)) {
      unlock_to(*file, handle, SQLITE_LOCK_NONE);
      release_shm(*file, handle);
    }
    delete handle.file;
    base->pMethods = nullptr;
    return SQLITE_OK;
  }

  static int read(sqlite3_file* base, void* out, int size, sqlite3_int64 offset) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_READ;
    const auto harm = handle.disk->strike(Step::read, file->kind);
    if (harm == Harm::error) return SQLITE_IOERR_READ;
    auto from = static_cast<std::size_t>(offset);
    if (harm == Harm::misdirected) from = handle.disk->elsewhere(*file, from);
    const std::size_t there = file->bytes.size() > from ? file->bytes.size() - from : 0;
    auto length = std::min(there, static_cast<std::size_t>(size));
    if (harm == Harm::short_read) length /= 2;
    if (length > 0) std::memcpy(out, file->bytes.data() + from, length);
    if (length == static_cast<std::size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + length, 0, static_cast<std::size_t>(size) - length);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* base, const void* bytes, int size, sqlite3_int64 offset) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_WRITE;
    const auto harm = handle.disk->strike(Step::write, file->kind);
    std::string_view written(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    if (harm == Harm::half_done || harm == Harm::half_full) written = written.substr(0, written.size() / 2);
    if (!harm || harm == Harm::error_but_done || harm == Harm::half_done || harm == Harm::half_full) {
      const auto end = static_cast<std::size_t>(offset) + written.size();
      if (file->bytes.size() < end) file->bytes.resize(end);
      std::memcpy(file->bytes.data() + offset, written.data(), written.size());
      handle.disk->record(What::write, *file, offset, std::string(written));
    }
    return harm ? code_of(Step::write, *harm) : SQLITE_OK;
  }

  static int truncate(sqlite3_file* base, sqlite3_int64 size) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_TRUNCATE;
    const auto harm = handle.disk->strike(Step::truncate, file->kind);
    if (!harm || harm == Harm::error_but_done) {
      file->bytes.resize(static_cast<std::size_t>(size));
      handle.disk->record(What::truncate, *file, size);
    }
    return harm ? code_of(Step::truncate, *harm) : SQLITE_OK;
  }

  static int sync(sqlite3_file* base, int) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_FSYNC;
    Disk& disk = *handle.disk;
    const auto harm = disk.strike(Step::sync, file->kind);
    if (harm == Harm::forgotten) disk.record(What::forget, *file);
    if ((!harm || harm == Harm::error_but_done) && !disk.ignores_sync(*file)) {
      disk.record(What::sync, *file, handle.owes_directory ? 1 : 0);
      handle.owes_directory = false;
    }
    return harm ? code_of(Step::sync, *harm) : SQLITE_OK;
  }

  static int size(sqlite3_file* base, sqlite3_int64* out) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_FSTAT;
    if (const auto harm = handle.disk->strike(Step::size, file->kind)) return code_of(Step::size, *harm);
    *out = static_cast<sqlite3_int64>(file->bytes.size());
    return SQLITE_OK;
  }

  // Locks (https://www.sqlite.org/lockingv3.html).

  static int lock(sqlite3_file* base, int level) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_LOCK;
    if (const auto harm = handle.disk->strike(Step::lock, file->kind)) return code_of(Step::lock, *harm);
    if (handle.lock >= level) return SQLITE_OK;
    const auto is_others = [&](const Handle* owner) { return owner != nullptr && owner != &handle; };
    if (is_others(file->exclusive)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
      if (is_others(file->pending)) return SQLITE_BUSY;
      ++file->shared_locks;
    } else if (level == SQLITE_LOCK_RESERVED) {
      if (is_others(file->reserved)) return SQLITE_BUSY;
      file->reserved = &handle;
    } else {
      if (is_others(file->reserved) || is_others(file->pending)) return SQLITE_BUSY;
      file->pending = &handle;
      if (handle.lock < SQLITE_LOCK_PENDING) handle.lock = SQLITE_LOCK_PENDING;
      if (file->shared_locks > 1) return SQLITE_BUSY;
      file->exclusive = &handle;
    }
    handle.lock = level;
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* base, int level) {
    Handle& handle = of(base);
    if (File* file = alive(handle)) unlock_to(*file, handle, level);
    return SQLITE_OK;
  }

  static void unlock_to(File& file, Handle& handle, int level) {
    if (handle.lock <= level) return;
    for (const Handle** owner : {&file.reserved, &file.pending, &file.exclusive}) {
      if (*owner == &handle) *owner = nullptr;
    }
    if (level == SQLITE_LOCK_NONE && handle.lock >= SQLITE_LOCK_SHARED) --file.shared_locks;
    handle.lock = level;
  }

  static int is_reserved(sqlite3_file* base, int* answer) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *answer = file->reserved != nullptr || file->pending != nullptr || file->exclusive != nullptr ? 1 : 0;
    return SQLITE_OK;
  }

  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4'096; }
  // What the platform's file system claims: a write that fails leaves what lies beside it alone.
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // Shared memory.

  static int shm_map(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
    Handle& handle = of(base);
    *out = nullptr;
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_SHMMAP;
    if (const auto harm = handle.disk->strike(Step::shm_map, file->kind)) return code_of(Step::shm_map, *harm);
    auto& shm = file->shm;
    if (!handle.has_shm) {
      handle.has_shm = true;
      ++shm.users;
    }
    const auto index = static_cast<std::size_t>(region);
    if (index >= shm.regions.size() && extend == 0) return SQLITE_OK;
    while (index >= shm.regions.size()) shm.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *out = shm.regions[index].get();
    return SQLITE_OK;
  }

  static int shm_lock(sqlite3_file* base, int first, int count, int flags) {
    Handle& handle = of(base);
    File* file = alive(handle);
    if (file == nullptr) return SQLITE_IOERR_SHMLOCK;
    auto& shm = file->shm;
    const unsigned mask = ((1U << static_cast<unsigned>(count)) - 1U) << static_cast<unsigned>(first);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      release_slots(shm, handle, mask);
      return SQLITE_OK;
    }
    if (const auto harm = handle.disk->strike(Step::shm_lock, file->kind)) return code_of(Step::shm_lock, *harm);
    const bool wants_all = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
      if ((mask >> slot & 1U) == 0) continue;
      if (shm.writer[slot] != nullptr && shm.writer[slot] != &handle) return SQLITE_BUSY;
      const int own = (handle.shm_shared >> slot & 1U) != 0 ? 1 : 0;
      if (wants_all && shm.readers[slot] > own) return SQLITE_BUSY;
    }
    for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
      if ((mask >> slot & 1U) == 0) continue;
      if (wants_all) {
        shm.writer[slot] = &handle;
      } else if ((handle.shm_shared >> slot & 1U) == 0) {
        ++shm.readers[slot];
      }
    }
    (wants_all ? handle.shm_exclusive : handle.shm_shared) |= mask;
    return SQLITE_OK;
  }

  static void release_slots(Disk::Shared& shm, Handle& handle, unsigned mask) {
    for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
      if ((mask >> slot & 1U) == 0) continue;
      if ((handle.shm_exclusive >> slot & 1U) != 0) shm.writer[slot] = nullptr;
      if ((handle.shm_shared >> slot & 1U) != 0) --shm.readers[slot];
    }
    handle.shm_exclusive &= ~mask;
    handle.shm_shared &= ~mask;
  }

  static void shm_barrier(sqlite3_file*) {}

  static void release_shm(File& file, Handle& handle) {
    if (!handle.has_shm) return;
    release_slots(file.shm, handle, ~0U);
    handle.has_shm = false;
    // As on Unix, where the first one to open it empties what nobody uses any more.
    if (--file.shm.users == 0) file.shm.regions.clear();
  }

  static int shm_unmap(sqlite3_file* base, int) {
    Handle& handle = of(base);
    if (File* file = alive(handle)) release_shm(*file, handle);
    return SQLITE_OK;
  }

  static const sqlite3_io_methods methods;
};

const sqlite3_io_methods Glue::methods = {
    .iVersion = 2,
    .xClose = &Glue::close,
    .xRead = &Glue::read,
    .xWrite = &Glue::write,
    .xTruncate = &Glue::truncate,
    .xSync = &Glue::sync,
    .xFileSize = &Glue::size,
    .xLock = &Glue::lock,
    .xUnlock = &Glue::unlock,
    .xCheckReservedLock = &Glue::is_reserved,
    .xFileControl = &Glue::control,
    .xSectorSize = &Glue::sector_size,
    .xDeviceCharacteristics = &Glue::characteristics,
    .xShmMap = &Glue::shm_map,
    .xShmLock = &Glue::shm_lock,
    .xShmBarrier = &Glue::shm_barrier,
    .xShmUnmap = &Glue::shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

Disk::Disk(std::string name) : name_(std::move(name)) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = static_cast<int>(sizeof(Handle));
  vfs_.mxPathname = 512;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = &Glue::open;
  vfs_.xDelete = &Glue::remove;
  vfs_.xAccess = &Glue::access;
  vfs_.xFullPathname = &Glue::full_path;
  vfs_.xRandomness = &Glue::randomness;
  vfs_.xSleep = &Glue::let_time_pass;
  vfs_.xCurrentTime = &Glue::current_day;
  vfs_.xGetLastError = &Glue::last_error;
  vfs_.xCurrentTimeInt64 = &Glue::current_time;
  sqlite3_vfs_register(&vfs_, 0);
}

Disk::~Disk() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace escrow::vfs
