#include "coordinator/store/sqlite/log.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <unordered_map>
#include <utility>

#include "coordinator/faults/fault_point.hpp"
#include "coordinator/store/fault_context.hpp"
#include "coordinator/store/sqlite/database.hpp"
#include "coordinator/store/sqlite/shared.hpp"
#include "coordinator/store/sqlite/writer.hpp"

namespace escrow::store::sqlite {
namespace {

/// `meta.latest_ms` follows in steps of this: exact enough to notice a clock that stands back, without a page more in every commit.
constexpr std::int64_t latest_step_ms = 60'000;
/// A WAL of this many times the usual length is told: some reader holds it, or the disk cannot follow.
constexpr std::int64_t alarming_checkpoints = 32;
constexpr int restart_busy_ms = 50;

bool is_failed_sync(int code) { return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC; }

/// A write into a damaged tree spreads the damage: like after a failed fsync, only a new start can tell what the disk really holds.
bool is_fatal(int code) { return is_failed_sync(code) || (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB; }

/// Where there was no room or no permission, the frame that makes a commit one was not written whole. SQLite has a code for a full disk,
/// and for a quota or a limit of the file's size only the system's number, which it keeps from a COMMIT's caller.
bool leaves_doubt(int code, int system_number) {
  if ((code & 0xFF) == SQLITE_FULL || (code & 0xFF) == SQLITE_READONLY) return false;
  return code != SQLITE_IOERR_WRITE || (system_number != EDQUOT && system_number != EFBIG);
}

class SqliteLog final : public Log {
 public:
  SqliteLog(Database database, const Options& options)
      : database_(std::move(database)),
        options_(options),
        connection_(*database_.connection),
        shared_(std::make_shared<Shared>()),
        writer_(connection_, database_.run, {database_.last_id, database_.last_seq}),
        stored_latest_ms_(database_.latest_ms) {
    shared_->path = database_.path;
    shared_->busy_ms = options.busy_ms;
    shared_->vfs = options.vfs;
    if (options.path.empty()) shared_->connection = database_.connection;
    sqlite3_wal_hook(connection_.handle(), &SqliteLog::count_wal_pages, this);
  }

  /// Counts what the file holds: one pass over the part of an index that is about unfinished transactions. SQLITE_OK or the error.
  int count() {
    auto& counts = shared_->counts;
    const std::pair<std::atomic<std::int64_t>*, const char*> wanted[] = {
        {&counts.active, "SELECT count(*) FROM transactions WHERE status = 'active'"},
        {&counts.committing, "SELECT count(*) FROM transactions WHERE status = 'committing'"},
        {&counts.aborting, "SELECT count(*) FROM transactions WHERE status = 'aborting'"},
        {&counts.attention, "SELECT count(*) FROM transactions WHERE attention = 1"}};
    for (const auto& [counter, sql] : wanted) {
      const auto number = connection_.number(sql);
      if (!number) return sqlite3_extended_errcode(connection_.handle());
      *counter = *number;
    }
    counts.last_seq = writer_.sequences().last_seq;
    return SQLITE_OK;
  }

  std::vector<WriteResult> apply(const std::vector<Write>& writes) override {
    std::vector<WriteResult> results(writes.size());
    if (writes.empty()) return results;
    const auto hold = hold_connection();
    if (fatal_) return all(std::move(results), WriteAnswer::unknown, *fatal_);
    if (const auto moved = database_.watch.changed()) {
      return all(std::move(results), WriteAnswer::unavailable,
                 *moved + " was deleted or replaced while escrowd was running: put it back, or stop escrowd");
    }
    const Sequences before = writer_.sequences();
    CountChanges changes;
    // Conflicts are seen before anything is changed. A savepoint for each write is needed only when one of them does not fit into its
    // table: then the batch is done again, with them. Otherwise they would be a third of the work.
    int code = apply_each(writes, false, results, changes);
    if (is_of_one_write(code)) {
      roll_back();
      writer_.set_sequences(before);
      results.assign(writes.size(), {});
      changes = {};
      code = apply_each(writes, true, results, changes);
    }
    const std::int64_t latest_ms_before = stored_latest_ms_;
    if (code == SQLITE_OK) code = raise_latest(writes);
    if (code != SQLITE_OK) {
      std::string why = failure(code);
      roll_back();
      writer_.set_sequences(before);
      stored_latest_ms_ = latest_ms_before;
      return all(std::move(results), fatal_ ? WriteAnswer::unknown : WriteAnswer::unavailable, why);
    }
    if (code = commit(); code != SQLITE_DONE) {
      std::string why = failure(code);
      const bool may_return = leaves_doubt(code, commit_number_);
      roll_back();
      stored_latest_ms_ = latest_ms_before;
      must_reload_ = true;
      if (may_return) doubt();
      return all(std::move(results), WriteAnswer::unknown, why);
    }
    publish(changes);
    for ([[maybe_unused]] const Write& write : writes) ESCROW_FAULT_POINT("store.write.after", fault_context(write));
    return results;
  }

  Result<std::size_t> remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms, std::size_t limit) override {
    return maintain([&] { return writer_.remove_finished(finished_before_ms, tombstone_until_ms, limit); });
  }

  Result<std::size_t> remove_tombstones(std::int64_t until_ms, std::size_t limit) override {
    return maintain([&] { return writer_.remove_tombstones(until_ms, limit); });
  }

  Result<void> probe() override {
    const auto hold = hold_connection();
    return probe_held();
  }

  std::optional<std::string> tend() override {
    if (fatal_ || wal_pages_ < checkpoint_at_pages_) return std::nullopt;
    // Tried again when as much has been written as before the first try, or the WAL has begun anew (`count_wal_pages`).
    checkpoint_at_pages_ = wal_pages_ + options_.checkpoint_pages;
    // A WAL that grows although it is checkpointed never finds a moment without a reader: wait for one, but not as long as writes would.
    const bool overgrown = wal_pages_ >= 4 * options_.checkpoint_pages;
    if (overgrown) sqlite3_busy_timeout(connection_.handle(), restart_busy_ms);
    const int mode = overgrown ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int code = ESCROW_FAULT_ERROR("store.checkpoint.before", "");
    if (code == SQLITE_OK) code = sqlite3_wal_checkpoint_v2(connection_.handle(), "main", mode, nullptr, nullptr);
    ESCROW_FAULT_POINT("store.checkpoint.after", "");
    if (overgrown) sqlite3_busy_timeout(connection_.handle(), options_.busy_ms);
    if (is_fatal(code)) {
      failure(code);
      return fatal_;
    }
    const bool alarming = wal_pages_ >= alarming_checkpoints * options_.checkpoint_pages;
    if (std::exchange(alarmed_, alarming) || !alarming) return std::nullopt;
    return "the write-ahead log has " + std::to_string(wal_pages_) + " pages and cannot be emptied: a program reads " + database_.path +
           " for long, or the disk cannot follow";
  }

  std::optional<std::string> fatal() const override { return fatal_; }
  const std::string& store_id() const override { return database_.store_id; }
  std::int64_t run() const override { return database_.run; }
  std::int64_t latest_ms() const override { return database_.latest_ms; }
  bool is_durable() const override { return !options_.path.empty(); }
  Result<std::unique_ptr<Reader>> open_reader() override { return sqlite::open_reader(shared_); }

 private:
  std::unique_lock<std::mutex> hold_connection() {
    return shared_->connection ? std::unique_lock(shared_->connection_in_use) : std::unique_lock<std::mutex>();
  }

  /// Called behind every commit that has written pages: they stand where those of a failed one may have stood.
  static int count_wal_pages(void* log, sqlite3*, const char*, int pages) {
    auto& self = *static_cast<SqliteLog*>(log);
    self.shared_->is_in_doubt = false;
    if (pages < self.wal_pages_) self.checkpoint_at_pages_ = self.options_.checkpoint_pages;
    self.wal_pages_ = pages;
    return SQLITE_OK;
  }

  static std::vector<WriteResult> all(std::vector<WriteResult> results, WriteAnswer answer, const std::string& why) {
    for (auto& result : results) result = {answer, 0, why};
    return results;
  }

  std::string failure(int code) {
    std::string why = connection_.last_message() + " (" + std::to_string(code) + ", " + sqlite3_errstr(code) + ")";
    if (is_fatal(code)) fatal_ = database_.path + ": " + why;
    return why;
  }

  void roll_back() {
    // Some errors have rolled back already.
    if (connection_.in_transaction()) rollback_.run();
  }

  int run_commit() {
    errno = 0;
    const int code = commit_.run();
    commit_number_ = errno;
    return code;
  }

  int commit() {
    if (const int code = ESCROW_FAULT_ERROR("store.commit.before", ""); code != SQLITE_OK) return code;
    const int code = run_commit();
    // An error here: it is done, and says that it failed.
    if (const int said = ESCROW_FAULT_ERROR("store.commit.after", ""); said != SQLITE_OK) return said;
    return code;
  }

  /// Begins the SQL transaction and writes; SQLITE_OK: it is to be committed.
  int apply_each(const std::vector<Write>& writes, bool alone, std::vector<WriteResult>& results, CountChanges& changes) {
    std::unordered_map<std::string_view, std::size_t> refused;
    if (const int code = ESCROW_FAULT_ERROR("store.begin", ""); code != SQLITE_OK) return code;
    if (const int code = begin_.run(); code != SQLITE_DONE) return code;
    if (const int code = reload_if_needed(); code != SQLITE_OK) return code;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (const auto earlier = refused.find(writes[i].gid.text()); earlier != refused.end()) {
        results[i] = {results[earlier->second].answer, 0, "an earlier write of the same transaction was refused"};
        continue;
      }
      if (const int code = ESCROW_FAULT_ERROR("store.write.before", fault_context(writes[i])); code != SQLITE_OK) return code;
      if (const int code = writer_.apply(writes[i], alone, results[i], changes); code != SQLITE_OK) return code;
      if (results[i].answer != WriteAnswer::ok) refused.emplace(writes[i].gid.text(), i);
    }
    return SQLITE_OK;
  }

  int raise_latest(const std::vector<Write>& writes) {
    std::int64_t latest_ms = 0;
    for (const auto& write : writes) latest_ms = std::max(latest_ms, write.updated_at_ms);
    if (latest_ms < stored_latest_ms_ + latest_step_ms) return SQLITE_OK;
    const int code = latest_.run(latest_ms);
    if (code != SQLITE_DONE) return code;
    stored_latest_ms_ = latest_ms;
    return SQLITE_OK;
  }

  void publish(const CountChanges& changes) {
    auto& counts = shared_->counts;
    counts.active += changes.active;
    counts.committing += changes.committing;
    counts.aborting += changes.aborting;
    counts.attention += changes.attention;
    counts.last_seq = writer_.sequences().last_seq;
  }

  int reload_if_needed() {
    if (!must_reload_) return SQLITE_OK;
    Sequences stored;
    if (const int code = writer_.read_sequences(stored); code != SQLITE_OK) return code;
    writer_.set_sequences(stored);
    if (const int code = count(); code != SQLITE_OK) return code;
    must_reload_ = false;
    return SQLITE_OK;
  }

  /// Runs `work`, which answers a code and a number, in a transaction of its own.
  template <class Work>
  Result<std::size_t> maintain(Work work) {
    const auto hold = hold_connection();
    auto done = maintain_held(std::move(work));
    if (!done && shared_->is_in_doubt) doubt();
    return done;
  }

  template <class Work>
  Result<std::size_t> maintain_held(Work work) {
    const auto unavailable = [](std::string why) { return Error{make_error_code(LogErrc::unavailable), std::move(why)}; };
    if (fatal_) return unavailable(*fatal_);
    if (const auto moved = database_.watch.changed()) return unavailable(*moved + " was deleted or replaced");
    if (const int code = ESCROW_FAULT_ERROR("store.upkeep.begin", ""); code != SQLITE_OK) return unavailable(failure(code));
    if (const int code = begin_.run(); code != SQLITE_DONE) return unavailable(failure(code));
    const Sequences before = writer_.sequences();
    auto [code, count] = work();
    if (code == SQLITE_DONE) {
      ESCROW_FAULT_POINT("store.upkeep.before", "");
      code = run_commit();
      ESCROW_FAULT_POINT("store.upkeep.after", "");
      // Not forgotten because something else, a probe, goes well.
      if (code != SQLITE_DONE) must_reload_ = true;
      if (code != SQLITE_DONE && leaves_doubt(code, commit_number_) && is_durable()) shared_->is_in_doubt = true;
    }
    if (code == SQLITE_DONE) return count;
    std::string why = failure(code);
    roll_back();
    writer_.set_sequences(before);
    return unavailable(std::move(why));
  }

  Result<void> probe_held() {
    auto probed = maintain_held([&] { return std::pair(writer_.probe(), std::size_t{0}); });
    if (!probed) return probed.error();
    return {};
  }

  /// A COMMIT failed that the next start may find done: nobody reads until another one has gone through, at best the probe made here.
  void doubt() {
    // What is in memory only does not come back.
    if (!is_durable()) return;
    shared_->is_in_doubt = true;
    if (!fatal_) (void)probe_held();
  }

  Database database_;
  Options options_;
  Connection& connection_;
  std::shared_ptr<Shared> shared_;
  Writer writer_;
  Statement begin_{connection_, "BEGIN IMMEDIATE"};
  Statement commit_{connection_, "COMMIT"};
  Statement rollback_{connection_, "ROLLBACK"};
  Statement latest_{connection_, "UPDATE meta SET latest_ms = ? WHERE id = 1"};
  std::int64_t stored_latest_ms_;
  std::int64_t wal_pages_ = 0;
  std::int64_t checkpoint_at_pages_ = options_.checkpoint_pages;
  bool alarmed_ = false;
  bool must_reload_ = false;
  /// The system's number of what the last COMMIT met; 0: nothing.
  int commit_number_ = 0;
  std::optional<std::string> fatal_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_log(const Options& options) {
  auto database = open_database(options);
  if (!database) return database.error();
  auto log = std::make_unique<SqliteLog>(std::move(*database), options);
  if (const int code = log->count(); code != SQLITE_OK) return error_of(code, "count what is in " + options.path, sqlite3_errstr(code));
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace escrow::store::sqlite
