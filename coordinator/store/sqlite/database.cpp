#include "coordinator/store/sqlite/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/faults/fault_point.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/migrations.hpp"
#include "coordinator/store/sqlite/refusal.hpp"

namespace escrow::store::sqlite {
namespace {

constexpr std::string_view now_ms = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
/// Up to this many pages (16 MiB) the whole file is checked at every start, indexes against tables too: an index that has lost a gid would
/// let it run again. It takes some ten milliseconds.
constexpr std::int64_t pages_checked_at_start = 2'048;

/// The path without symbolic links, so that two names of one file find one lock.
Result<std::string> resolved(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  if (fs::is_directory(absolute, failed)) return refusal(LogErrc::unavailable, path, "is a directory; name a file in it");
  const bool exists = fs::exists(absolute, failed);
  const fs::path known = fs::canonical(exists ? absolute : absolute.parent_path(), failed);
  if (failed) return refusal(LogErrc::unavailable, path, "cannot be opened: " + failed.message() + "; make the directory first");
  return exists ? known.string() : (known / absolute.filename()).string();
}

struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int number;
};

/// Makes the file for its owner only (it holds headers with tokens), and its name durable.
Result<void> create(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const Descriptor directory(::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.number < 0 || directory.number < 0 || ::fsync(directory.number) != 0) {
    return refusal(LogErrc::unavailable, path, std::string("cannot be made: ") + std::strerror(errno));
  }
  return {};
}

/// Whose the files are and whether they are whole; makes the file where there is none. The frames in the write-ahead log.
Result<std::int64_t> prepare(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) {
    if (auto made = create(path); !made) return made.error();
    return 0;
  }
  std::ifstream database(path, std::ios::binary);
  if (!database) {
    return refusal(LogErrc::unavailable, path, std::string("cannot be read: ") + std::strerror(errno) + "; it must belong to this user");
  }
  std::ifstream wal(path + "-wal", std::ios::binary);
  std::ifstream journal(path + "-journal", std::ios::binary);
  return inspect(path, database, wal, journal);
}

std::string uuid_of(const std::string& hex) {
  std::string id = hex;
  id[12] = '4';
  id[16] = "89ab"[static_cast<unsigned char>(id[16]) % 4];
  for (const std::size_t place : {20U, 16U, 12U, 8U}) id.insert(place, 1, '-');
  return id;
}

class Opening {
 public:
  Opening(Connection& connection, std::string path, bool in_memory, std::int64_t wal_frames, std::optional<std::int64_t> known_frames)
      : connection_(connection), path_(std::move(path)), in_memory_(in_memory), wal_frames_(wal_frames), known_frames_(known_frames) {}

  Result<void> run() {
    // A start that is refused leaves the write-ahead log to the next one.
    sqlite3_db_config(connection_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    const auto id = connection_.number("PRAGMA application_id");
    const auto tables = connection_.number("SELECT count(*) FROM sqlite_schema");
    if (!id || !tables) return failure("read");
    const bool is_new = *id == 0 && *tables == 0;
    if (!is_new && *id != application_id) return foreign(path_);
    if (is_new && connection_.execute("PRAGMA page_size = 8192") != SQLITE_OK) return failure("prepare");
    if (auto known = check_version(is_new); !known) return known;
    ESCROW_FAULT_POINT("open.begun", path_);
    if (!in_memory_ && !switch_to_wal()) return failure("switch to a write-ahead log");
    if (connection_.execute(in_memory_ ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0") !=
        SQLITE_OK) {
      return failure("configure");
    }
    if (auto whole = check_pages(); !whole) return whole;
    ESCROW_FAULT_POINT("open.checked", path_);
    if (auto found = find_all_frames(); !found) return found;
    if (!begin_new_wal()) return failure("checkpoint");
    sqlite3_db_config(connection_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    ESCROW_FAULT_POINT("open.emptied", path_);
    return migrate();
  }

  /// Set where fewer frames were found than there are.
  [[nodiscard]] std::optional<std::int64_t> frames_found() const { return frames_found_; }

 private:
  Error failure(std::string_view what) {
    const int code = sqlite3_extended_errcode(connection_.handle());
    Error error = error_of(code, std::string(what) + " " + path_, connection_.last_message());
    if (error.code == LogErrc::corrupt || error.code == LogErrc::not_a_log)
      return damaged(path_, "is damaged (" + connection_.last_message() + ")");
    error.detail += "; see that the disk is writable, has room, and that no other program holds the file";
    return error;
  }

  bool switch_to_wal() {
    Statement statement(connection_, "PRAGMA journal_mode = WAL");
    return statement.step() == SQLITE_ROW && statement.text(0) == "wal";
  }

  Result<void> check_version(bool is_new) {
    if (is_new) return {};
    const auto version = connection_.number("SELECT coalesce(max(version), 0) FROM schema_version");
    if (!version) return failure("read the schema version of");
    version_ = *version;
    const auto known = static_cast<std::int64_t>(migrations().size());
    if (version_ > known) {
      return refusal(LogErrc::newer, path_,
                     "was written by a newer escrowd (schema version " + std::to_string(version_) + ", this one knows " +
                         std::to_string(known) + "); start that version, or a backup made before the upgrade; nothing was changed");
    }
    return {};
  }

  /// SQLite takes the first frame that does not hold for the end of the write-ahead log. Where the disk only read it wrongly, the commits
  /// behind it are all there, and are gone for good once the log begins anew: then it is left as it is, to be opened again.
  Result<void> find_all_frames() {
    if (in_memory_ || wal_frames_ == 0) return {};
    int frames = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &frames, nullptr);
    if ((code & 0xFF) == SQLITE_BUSY) return {};
    if (code != SQLITE_OK) return failure("checkpoint");
    if (frames >= wal_frames_ || frames == known_frames_) return {};
    frames_found_ = frames;
    return refusal(
        LogErrc::unavailable, path_,
        "has a write-ahead log of " + std::to_string(wal_frames_) + " frames, and only so many were read: " + std::to_string(frames));
  }

  /// Frames of a commit that a power failure tore may lie behind what was recovered. With a log of its own after each start they can't pile
  /// up, and `is_damaged_inside` never takes two power failures for damage. A reader that is in the way only postpones it.
  bool begin_new_wal() {
    if (in_memory_) return true;
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    return code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY;
  }

  Result<void> check_pages() {
    const auto pages = connection_.number("PRAGMA page_count");
    if (!pages) return failure("read");
    if (*pages > pages_checked_at_start) return {};
    auto verdict = check_integrity();
    if (verdict && *verdict != "ok") {
      // It reports a page that could not be read like one that is damaged: only what still holds when all can be read is damage.
      if (const int code = read_each_page(); code != SQLITE_OK) return error_of(code, "check " + path_, *verdict);
      verdict = check_integrity();
    }
    if (!verdict) return failure("check");
    if (*verdict != "ok") return damaged(path_, "is damaged (" + *verdict + ")");
    return {};
  }

  std::optional<std::string> check_integrity() {
    Statement check(connection_, "PRAGMA integrity_check(1)");
    return check.step() == SQLITE_ROW ? std::optional(check.text(0)) : std::nullopt;
  }

  /// SQLITE_OK, or why one of them can't be read now.
  int read_each_page() {
    sqlite3* memory = nullptr;
    int code = sqlite3_open(":memory:", &memory);
    if (code == SQLITE_OK) {
      sqlite3_backup* copy = sqlite3_backup_init(memory, "main", connection_.handle(), "main");
      if (copy != nullptr) sqlite3_backup_step(copy, -1);
      code = copy != nullptr ? sqlite3_backup_finish(copy) : sqlite3_extended_errcode(memory);
    }
    sqlite3_close(memory);
    // What makes a page unreadable for good is damage, too.
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB ? SQLITE_OK : code;
  }

  /// Each step is one transaction with its number: a crash leaves it done or not begun.
  Result<void> migrate() {
    for (const Migration& migration : migrations()) {
      if (migration.version <= version_) continue;
      const std::string numbered =
          "INSERT INTO schema_version VALUES (" + std::to_string(migration.version) + ", " + std::string(now_ms) + ")";
      ESCROW_FAULT_POINT("migration.before", std::to_string(migration.version));
      const bool written = connection_.execute("BEGIN IMMEDIATE") == SQLITE_OK && connection_.execute(migration.sql) == SQLITE_OK &&
                           connection_.execute(numbered.c_str()) == SQLITE_OK && (migration.version > 1 || mark());
      ESCROW_FAULT_POINT("migration.written", std::to_string(migration.version));
      const bool done = written && connection_.execute("COMMIT") == SQLITE_OK;
      ESCROW_FAULT_POINT("migration.after", std::to_string(migration.version));
      if (done) continue;
      Error error = failure("bring to schema version " + std::to_string(migration.version));
      connection_.execute("ROLLBACK");
      return error;
    }
    return {};
  }

  bool mark() {
    Statement random(connection_, "SELECT lower(hex(randomblob(16)))");
    if (random.step() != SQLITE_ROW) return false;
    const std::string store_id = uuid_of(random.text(0));
    random.reset();
    const std::string meta = "INSERT INTO meta VALUES (1, ?, " + std::string(now_ms) + ", 0, 0, 0, 0, 0)";
    const std::string mark = "PRAGMA application_id = " + std::to_string(application_id);
    return Statement(connection_, meta).run(store_id) == SQLITE_DONE && connection_.execute(mark.c_str()) == SQLITE_OK;
  }

  Connection& connection_;
  std::string path_;
  bool in_memory_;
  std::int64_t wal_frames_;
  /// How many of them were found before.
  std::optional<std::int64_t> known_frames_;
  std::optional<std::int64_t> frames_found_;
  std::int64_t version_ = 0;
};

/// Makes the number of this run durable and reads where the sequences stand.
Result<void> begin_run(Database& database) {
  Connection& connection = *database.connection;
  ESCROW_FAULT_POINT("open.run.before", database.path);
  const int code = connection.execute("UPDATE meta SET run = run + 1 WHERE id = 1");
  ESCROW_FAULT_POINT("open.run.after", database.path);
  if (code != SQLITE_OK) {
    auto error = error_of(code, "write " + database.path, connection.last_message());
    error.detail += "; see that the disk is writable and has room";
    return error;
  }
  Statement meta(connection, "SELECT store_id, run, latest_ms, last_seq FROM meta WHERE id = 1");
  const int found = meta.step();
  if (found != SQLITE_ROW && found != SQLITE_DONE) return error_of(found, "read " + database.path, connection.last_message());
  if (found == SQLITE_DONE) return damaged(database.path, "does not say which log it is");
  database.store_id = meta.text(0);
  database.run = meta.number(1);
  // `meta` follows in steps; the newest rows know better. Each of these is one look into an index. One that fails must not pass for "none":
  // numbers would be given twice.
  const auto finished_ms = connection.number("SELECT coalesce(max(finished_at_ms), 0) FROM transactions");
  const auto happened_ms = connection.number(
      "SELECT coalesce(max(at_ms), 0) FROM (SELECT CASE WHEN json_valid(events) THEN json_extract(events, '$[#-1].at_ms') END AS at_ms "
      "FROM history ORDER BY seq DESC LIMIT 1)");
  const auto last_seq = connection.number("SELECT coalesce(max(seq), 0) FROM history");
  const auto last_id = connection.number("SELECT coalesce(max(id), 0) FROM transactions");
  if (!finished_ms || !happened_ms || !last_seq || !last_id) {
    return error_of(sqlite3_extended_errcode(connection.handle()), "read " + database.path, connection.last_message());
  }
  database.latest_ms = std::max({meta.number(2), *finished_ms, *happened_ms});
  database.last_seq = std::max(meta.number(3), *last_seq);
  database.last_id = *last_id;
  return {};
}

/// Opens and checks it. Where fewer frames of the write-ahead log were found than there are, and not as many as are known to be found: how
/// many, and nothing is open.
Result<std::optional<std::int64_t>> connect(Database& database, const Options& options, std::int64_t wal_frames,
                                            std::optional<std::int64_t> known_frames = std::nullopt) {
  const bool has_files = !options.path.empty() && options.has_real_files;
  auto connection = Connection::open(database.path, has_files ? Connection::Access::read_write : Connection::Access::create, options.vfs);
  if (!connection) return connection.error();
  database.connection = std::make_shared<Connection>(std::move(*connection));
  if (const int code = configure(*database.connection, options.busy_ms); code != SQLITE_OK) {
    return error_of(code, "configure " + database.path, database.connection->last_message());
  }
  Opening opening(*database.connection, database.path, options.path.empty(), wal_frames, known_frames);
  const auto opened = opening.run();
  if (opening.frames_found()) {
    database.connection.reset();
    return opening.frames_found();
  }
  if (!opened) return opened.error();
  return std::optional<std::int64_t>();
}

}  // namespace

int configure(Connection& connection, int busy_ms) {
  sqlite3_busy_timeout(connection.handle(), busy_ms);
  return connection.execute(
      "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384");
}

Result<Database> open_database(const Options& options) {
  Database database;
  const bool in_memory = options.path.empty();
  database.path = in_memory ? ":memory:" : options.path;
  const bool has_files = !in_memory && options.has_real_files;
  std::int64_t wal_frames = options.wal_frames;
  if (has_files) {
    auto path = resolved(options.path);
    if (!path) return path.error();
    database.path = *path;
    auto lock = FileLock::acquire(database.path);
    if (!lock) return lock.error();
    database.lock = std::move(*lock);
    ESCROW_FAULT_POINT("open.locked", database.path);
    auto prepared = prepare(database.path);
    if (!prepared) return prepared.error();
    wal_frames = *prepared;
  }
  auto missed = connect(database, options, wal_frames);
  // Who finds just as few when it looks again has not read wrongly: another program keeps the file open, which knows of no more than these;
  // the rest is a commit that failed. Another number is another page that was read wrongly.
  if (missed && *missed) missed = connect(database, options, wal_frames, **missed);
  if (!missed) return missed.error();
  if (*missed) {
    return refusal(LogErrc::unavailable, database.path,
                   "has a write-ahead log of " + std::to_string(wal_frames) + " frames, and fewer are read each time it is opened");
  }
  if (auto begun = begin_run(database); !begun) return begun.error();
  if (has_files) {
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) database.watch.add(database.path + suffix);
  }
  return database;
}

}  // namespace escrow::store::sqlite
