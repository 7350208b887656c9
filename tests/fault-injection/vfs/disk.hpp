#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/vfs/fault.hpp"
#include "tests/fault-injection/vfs/trace.hpp"

/// A disk in memory under the real SQLite: deterministic, every request counted, any of them made to fail, and everything that would reach
/// a real disk recorded.
namespace escrow::vfs {

/// What kind of disk it is. The defaults are what SQLite and the product rely on; the others prove that the tests notice.
struct Character {
  /// Whether a sync does what it says, for each kind of file.
  bool syncs_database = true;
  bool syncs_wal = true;
};

/// One request, for the table of what was covered.
struct Request {
  Step step = Step::open;
  FileKind file = FileKind::database;
};

class Disk {
 public:
  /// Registers itself with SQLite under `name`; not the default.
  explicit Disk(std::string name);
  /// All connections must be closed.
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }

  /// The machine starts with these files, all of them on disk; the trace, the clock and SQLite's randomness begin anew.
  void start(const Image& image, std::uint64_t seed, Character character = {});
  /// The process that used the files has ended: what it still holds changes nothing any more, its locks and shared memory are gone. The
  /// files stay as they are seen.
  void end_process();
  /// Files as processes see them.
  [[nodiscard]] Image seen() const;

  void arm(const Fault& fault);
  void disarm() { fault_.reset(); }
  /// How often the fault has struck since `arm`.
  [[nodiscard]] std::int64_t struck() const { return struck_; }
  /// The place in the trace at which it struck first.
  [[nodiscard]] std::size_t struck_at() const { return struck_at_; }

  /// Requests are neither counted nor harmed for a while.
  void set_sheltered(bool sheltered) { sheltered_ = sheltered; }

  /// Counts requests anew; from now on they are listed, too.
  void count_requests();
  [[nodiscard]] const std::vector<Request>& requests() const { return requests_; }

  [[nodiscard]] const Trace& trace() const { return trace_; }
  void mark(std::int64_t number);

 private:
  friend struct Glue;

  struct Handle;
  /// The index of the write-ahead log, which processes share.
  struct Shared {
    std::vector<std::unique_ptr<char[]>> regions;
    std::array<int, SQLITE_SHM_NLOCK> readers{};
    std::array<const Handle*, SQLITE_SHM_NLOCK> writer{};
    int users = 0;
  };
  struct File {
    std::string name;
    FileKind kind = FileKind::database;
    std::uint32_t index = 0;
    std::string bytes;
    int shared_locks = 0;
    const Handle* reserved = nullptr;
    const Handle* pending = nullptr;
    const Handle* exclusive = nullptr;
    Shared shm;
  };
  struct Handle {
    sqlite3_file base;
    Disk* disk;
    std::shared_ptr<File>* file;
    std::uint64_t life;
    int lock;
    unsigned shm_shared;
    unsigned shm_exclusive;
    bool has_shm;
    /// The first sync of a journal or write-ahead log that may have been created is one of its directory, too (as the unix VFS does it).
    bool owes_directory;
  };

  [[nodiscard]] std::shared_ptr<File> find(std::string_view name) const;
  std::shared_ptr<File> add(std::string_view name);
  /// Counts the request; the harm that comes to it, if any.
  std::optional<Harm> strike(Step step, FileKind kind);
  void record(Happened::What what, const File& file, std::int64_t number = 0, std::string bytes = {});
  [[nodiscard]] bool ignores_sync(const File& file) const;
  /// Where another page of the file begins, or the page of another frame; `from` where there is none.
  std::size_t elsewhere(const File& file, std::size_t from);

  std::string name_;
  sqlite3_vfs vfs_{};
  std::vector<std::shared_ptr<File>> files_;
  Character character_;
  Trace trace_;
  std::uint64_t life_ = 1;
  std::uint64_t seed_ = 0;
  std::uint64_t drawn_ = 0;
  std::int64_t clock_ms_ = 0;

  std::optional<Fault> fault_;
  std::optional<Step> struck_step_;
  std::int64_t struck_ = 0;
  std::size_t struck_at_ = 0;
  std::int64_t count_ = 0;
  bool lists_ = false;
  bool sheltered_ = false;
  std::vector<Request> requests_;
};

}  // namespace escrow::vfs
