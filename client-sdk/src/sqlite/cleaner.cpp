#include <escrow/cleaner.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/sqlite/translate.hpp"

namespace escrow::sqlite {
namespace {

constexpr std::string_view select_settled = R"(
select distinct gid, branch from escrow_barrier
where created_at <= ?1 and operation in ('confirm', 'cancel', 'compensate') limit ?2)";

constexpr std::string_view delete_branch = "delete from escrow_barrier where gid = ?1 and branch = ?2";

constexpr std::string_view select_old = R"(
select created_at, gid from escrow_barrier where (created_at, gid) > (?1, ?2) and created_at <= ?3
order by created_at, gid limit ?4)";

constexpr std::string_view note_store = R"(
insert into escrow_barrier_store (seen_at, store_id)
select max(?1, coalesce((select max(seen_at) + 1 from escrow_barrier_store), 0)), ?2
where coalesce((select store_id from escrow_barrier_store order by seen_at desc limit 1), '') <> ?2)";

// The whole gid or nothing: a row that came after the question was asked keeps its neighbours.
constexpr std::string_view delete_terminal = R"(
delete from escrow_barrier where gid = ?1 and not exists (select 1 from escrow_barrier where gid = ?1 and created_at > ?2))";

constexpr std::string_view delete_not_found = R"(
delete from escrow_barrier where gid = ?1 and not exists (
  select 1 from escrow_barrier as kept where kept.gid = ?1 and (kept.created_at >= ?2 or coalesce(
    (select store_id from escrow_barrier_store where seen_at < kept.created_at order by seen_at desc limit 1), '') <> ?3)))";

/// A short write transaction; rolled back unless committed.
class WriteTransaction {
 public:
  explicit WriteTransaction(sqlite3* db) : db_(db) { execute(db, "begin immediate"); }
  ~WriteTransaction() {
    try {
      if (!committed_) execute(db_, "rollback");
    } catch (const SqlError&) {
      // The pool closes a connection whose transaction can't be ended.
    }
  }
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  void commit() {
    execute(db_, "commit");
    committed_ = true;
  }

 private:
  sqlite3* db_;
  bool committed_ = false;
};

std::int64_t remove_settled(sqlite3* db, std::int64_t cutoff, int limit) {
  std::vector<std::pair<std::string, std::string>> branches;
  {
    Statement settled(db, select_settled);
    settled.bind(cutoff, limit);
    while (settled.next()) branches.emplace_back(settled.text(0), settled.text(1));
  }
  if (branches.empty()) return 0;
  WriteTransaction transaction(db);
  std::int64_t removed = 0;
  for (const auto& [gid, branch] : branches) removed += Statement(db, delete_branch).bind(gid, branch).run();
  transaction.commit();
  return removed;
}

struct Asked {
  std::string gid;
  Standing standing;
};

}  // namespace

Cleaner::Cleaner(Connections connections, CleanerQuestions questions, CleanerOptions options, WallClock clock)
    : connections_(std::move(connections)), questions_(std::move(questions)), options_(options), clock_(std::move(clock)) {}

Result<CleanerReport> Cleaner::clean() {
  const auto lease = connections_.lease();
  if (!lease) return lease.error();
  try {
    return pass(lease->get());
  } catch (const SqlError& error) {
    return make_error(error.is_busy() ? Errc::busy : Errc::database, error.what());
  }
}

Result<CleanerReport> Cleaner::pass(sqlite3* db) {
  CleanerReport report;
  const std::int64_t now = clock_();
  report.removed_rows = remove_settled(db, now - options_.settled_for().count(), options_.batch());

  const auto store = questions_.store_id();
  if (!store) {
    report.at_end = true;
    return report;
  }
  Statement(db, note_store).bind(now, *store).run();

  const std::int64_t ask_cutoff = now - options_.ask_after().count();
  std::vector<std::string> gids;
  int seen = 0;
  {
    Statement old(db, select_old);
    old.bind(after_created_at_, after_gid_, ask_cutoff, options_.batch());
    for (; old.next(); ++seen) {
      after_created_at_ = old.integer(0);
      after_gid_ = old.text(1);
      if (std::ranges::find(gids, after_gid_) == gids.end()) gids.push_back(after_gid_);
    }
  }
  report.at_end = seen < options_.batch();
  if (report.at_end) {
    after_created_at_ = -1;
    after_gid_.clear();
  }

  std::vector<Asked> over;
  bool any_not_found = false;
  for (const auto& gid : gids) {
    const auto standing = questions_.standing(gid);
    ++report.asked_gids;
    // One that is not answered is asked about when its turn comes again.
    if (!standing || *standing == Standing::unfinished) continue;
    any_not_found = any_not_found || *standing == Standing::not_found;
    over.push_back({gid, *standing});
  }
  if (over.empty()) return report;
  // "Not found" is the word of one store: it must have been the same before and after it was given.
  bool store_is_sure = true;
  if (any_not_found) {
    const auto again = questions_.store_id();
    store_is_sure = again && *again == *store;
  }

  WriteTransaction transaction(db);
  for (const auto& [gid, standing] : over) {
    if (standing == Standing::terminal) {
      report.removed_rows += Statement(db, delete_terminal).bind(gid, ask_cutoff).run();
    } else if (store_is_sure) {
      report.removed_rows += Statement(db, delete_not_found).bind(gid, now - 2 * options_.retention().count(), *store).run();
    }
  }
  transaction.commit();
  return report;
}

void Cleaner::run(const std::stop_token& stop, std::chrono::milliseconds interval) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    const auto report = clean();
    // A failed pass waits like a finished one: the rows do no harm meanwhile.
    if (report && !report->at_end) continue;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, interval, [] { return false; });
  }
}

}  // namespace escrow::sqlite
