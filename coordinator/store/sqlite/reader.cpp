#include "coordinator/store/sqlite/reader.hpp"

#include <sqlite3.h>

#include <limits>
#include <mutex>
#include <utility>

#include "coordinator/store/history.hpp"
#include "coordinator/store/sqlite/database.hpp"
#include "protocol/words.hpp"

namespace escrow::store::sqlite {
namespace {

using protocol::Gid;
using protocol::Status;

constexpr std::int64_t before_all = std::numeric_limits<std::int64_t>::min();

std::string select(const char* rest) { return std::string("SELECT ") + transaction_columns + " FROM transactions t " + rest; }

std::string by_gid_sql() { return select("WHERE t.gid = ?"); }
std::string due_sql() {
  return select("WHERE t.due_at_ms IS NOT NULL AND (t.due_at_ms, t.id) > (?, ?) AND t.due_at_ms <= ? ORDER BY t.due_at_ms, t.id LIMIT ?");
}
constexpr const char* history_of_sql =
    "SELECT h.seq, t.gid, h.events FROM history h JOIN transactions t ON t.id = h.transaction_id"
    " WHERE h.transaction_id = (SELECT id FROM transactions WHERE gid = ?) AND h.seq > ? ORDER BY h.seq";
// CROSS JOIN keeps the planner from starting with the transactions.
constexpr const char* history_after_sql =
    "SELECT h.seq, t.gid, h.events FROM history h CROSS JOIN transactions t ON t.id = h.transaction_id WHERE h.seq > ? ORDER BY h.seq";

/// Not one that SQLite answers a reader with.
constexpr int code_of_doubt = SQLITE_INTERNAL;

/// Holds the connection (in memory) and one read transaction.
class Snapshot {
 public:
  Snapshot(Shared& shared, Connection& connection) : connection_(connection) {
    if (shared.connection) hold_ = std::unique_lock(shared.connection_in_use);
    code_ = shared.is_in_doubt ? code_of_doubt : connection_.execute("BEGIN");
  }
  ~Snapshot() {
    if (connection_.in_transaction()) connection_.execute("COMMIT");
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  [[nodiscard]] int code() const { return code_; }

 private:
  Connection& connection_;
  std::unique_lock<std::mutex> hold_;
  int code_;
};

class SqliteReader final : public Reader {
 public:
  /// `own` is empty for a log in memory: then the writer's connection serves.
  SqliteReader(std::shared_ptr<Shared> shared, std::optional<Connection> own)
      : shared_(std::move(shared)), own_(std::move(own)), connection_(own_ ? *own_ : *shared_->connection) {}

  Result<Found> load(const Gid& gid) override {
    const Snapshot snapshot(*shared_, connection_);
    if (snapshot.code() != SQLITE_OK) return failure(snapshot.code());
    Found found;
    std::optional<IdentifiedRow> row;
    {
      Rows rows(by_gid_, gid.text());
      if (rows.next()) {
        row = row_of(*rows.operator->());
      } else if (rows.code() != SQLITE_DONE) {
        return failure(rows.code());
      }
    }
    if (!row) {
      Rows rows(tombstone_, gid.text());
      found.retired = rows.next();
      if (!found.retired && rows.code() != SQLITE_DONE) return failure(rows.code());
      return found;
    }
    auto transaction = loader_.whole(std::move(*row));
    if (transaction) {
      found.transaction = std::move(*transaction);
    } else if (transaction.error().code == LogErrc::corrupt) {
      found.corrupt = transaction.error().detail;
    } else {
      return transaction.error();
    }
    return found;
  }

  Result<DuePage> load_due(std::int64_t until_ms, std::size_t limit, const std::optional<DuePosition>& after) override {
    const Snapshot snapshot(*shared_, connection_);
    if (snapshot.code() != SQLITE_OK) return failure(snapshot.code());
    std::vector<IdentifiedRow> due;
    {
      const DuePosition start = after.value_or(DuePosition{before_all, 0});
      Rows rows(due_, start.due_at_ms, start.id, until_ms, static_cast<std::int64_t>(limit));
      while (rows.next()) due.push_back(row_of(*rows.operator->()));
      if (rows.code() != SQLITE_DONE) return failure(rows.code());
    }
    DuePage page;
    page.complete_until_ms = until_ms;
    if (due.size() == limit && limit > 0) {
      const std::int64_t last_ms = due.back().row.due_at_ms.value_or(until_ms);
      page.next = DuePosition{last_ms, due.back().id};
      page.complete_until_ms = last_ms - 1;
    }
    for (auto& row : due) {
      const std::int64_t due_at_ms = row.row.due_at_ms.value_or(until_ms);
      auto gid = Gid::parse(row.row.gid);
      auto transaction = loader_.whole(std::move(row));
      if (transaction) {
        page.transactions.emplace_back(due_at_ms, std::move(*transaction));
      } else if (transaction.error().code == LogErrc::corrupt) {
        page.corrupt.emplace_back(gid.value_or(Gid()), transaction.error().detail);
      } else {
        return transaction.error();
      }
    }
    return page;
  }

  Result<Page> list(const Filter& filter, std::size_t limit, const std::optional<std::string>& cursor) override {
    const Snapshot snapshot(*shared_, connection_);
    if (snapshot.code() != SQLITE_OK) return failure(snapshot.code());
    return lister_.list(filter, limit, cursor, loader_);
  }

  Result<std::vector<StoredEvent>> events(const Gid& gid, std::int64_t after_seq, std::size_t limit) override {
    return read_events(history_of_, after_seq, limit, gid.text(), after_seq);
  }

  Result<std::vector<StoredEvent>> events_after(std::int64_t after_seq, std::size_t limit) override {
    return read_events(history_after_, after_seq, limit, after_seq);
  }

  Result<std::pair<std::int64_t, std::int64_t>> seq_range() override {
    const Snapshot snapshot(*shared_, connection_);
    if (snapshot.code() != SQLITE_OK) return failure(snapshot.code());
    Rows rows(range_);
    if (!rows.next()) return failure(rows.code());
    return std::pair(rows->number(0) + 1, rows->number(1));
  }

  Result<Counts> counts() override {
    const auto& shared = shared_->counts;
    Counts counts;
    counts.unfinished[Status::active] = shared.active;
    counts.unfinished[Status::committing] = shared.committing;
    counts.unfinished[Status::aborting] = shared.aborting;
    counts.attention = shared.attention;
    return counts;
  }

 private:
  Error failure(int code) {
    if (code == code_of_doubt) {
      return {make_error_code(LogErrc::unavailable),
              shared_->path + ": the last commit failed, and whether it was done shows the next one"};
    }
    return error_of(code, "read " + shared_->path, connection_.last_message());
  }

  // Counts the events that could be read: a damaged one must not make a page look like the last.
  template <class... Values>
  Result<std::vector<StoredEvent>> read_events(Statement& statement, std::int64_t after_seq, std::size_t limit, const Values&... values) {
    const Snapshot snapshot(*shared_, connection_);
    if (snapshot.code() != SQLITE_OK) return failure(snapshot.code());
    std::vector<StoredEvent> found;
    if (limit == 0) return found;
    Rows rows(statement, values...);
    while (rows.next()) {
      const auto gid = Gid::parse(rows->view(1));
      auto events = decode_history(rows->view(2));
      // The row's number is that of its last event.
      std::int64_t seq = rows->number(0) - static_cast<std::int64_t>(events.size());
      for (auto& event : events) {
        if (++seq <= after_seq || !event || !gid) continue;
        found.push_back({seq, *gid, std::move(*event)});
        if (found.size() == limit) return found;
      }
    }
    if (rows.code() != SQLITE_DONE) return failure(rows.code());
    return found;
  }

  std::shared_ptr<Shared> shared_;
  std::optional<Connection> own_;
  Connection& connection_;
  Loader loader_{connection_};
  Lister lister_{connection_};
  Statement by_gid_{connection_, by_gid_sql()};
  Statement tombstone_{connection_, "SELECT 1 FROM tombstones WHERE gid = ?"};
  Statement due_{connection_, due_sql()};
  Statement history_of_{connection_, history_of_sql};
  Statement history_after_{connection_, history_after_sql};
  Statement range_{connection_, "SELECT removed_seq, max(last_seq, (SELECT coalesce(max(seq), 0) FROM history)) FROM meta WHERE id = 1"};
};

}  // namespace

IdentifiedRow row_of(const Statement& statement) {
  IdentifiedRow found;
  found.id = statement.number(0);
  TransactionRow& row = found.row;
  row.gid = statement.text(1);
  row.revision = statement.number(2);
  row.run = statement.number(3);
  row.status = statement.text(4);
  row.mode = statement.text(5);
  row.name = statement.optional_text(6);
  row.attention = statement.number(7);
  row.started_at_ms = statement.number(8);
  row.updated_at_ms = statement.number(9);
  row.finished_at_ms = statement.optional_number(10);
  row.due_at_ms = statement.optional_number(11);
  row.checksum = statement.number(12);
  row.state = statement.text(13);
  return found;
}

Loader::Loader(Connection& connection)
    : connection_(connection),
      request_(connection, "SELECT checksum, request FROM requests WHERE transaction_id = ?"),
      branches_(connection, "SELECT branch, checksum, request, payload FROM branches WHERE transaction_id = ? ORDER BY branch"),
      branches_without_payload_(connection,
                                "SELECT branch, checksum, request, NULL FROM branches WHERE transaction_id = ? ORDER BY branch"),
      outputs_(connection,
               "SELECT branch, role, revision, checksum, output FROM outputs WHERE transaction_id = ? ORDER BY branch, role, revision") {}

Result<core::Transaction> Loader::whole(IdentifiedRow row) {
  StoredTransaction stored;
  stored.row = std::move(row.row);
  int code = read_request(row.id, stored);
  if (code == SQLITE_DONE) code = read_branches(row.id, stored);
  if (code == SQLITE_DONE) code = read_outputs(row.id, stored);
  return decoded(code, stored);
}

Result<core::Transaction> Loader::summary(IdentifiedRow row) {
  StoredTransaction stored;
  stored.row = std::move(row.row);
  stored.with_branches = stored.row.attention != 0;
  stored.with_payloads = false;
  int code = read_request(row.id, stored);
  if (code == SQLITE_DONE && stored.with_branches) code = read_branches(row.id, stored);
  return decoded(code, stored);
}

Result<core::Transaction> Loader::decoded(int code, const StoredTransaction& stored) {
  if (code != SQLITE_DONE) return error_of(code, "read the transaction " + stored.row.gid, connection_.last_message());
  return decode_transaction(stored);
}

int Loader::read_request(std::int64_t id, StoredTransaction& stored) {
  Rows rows(request_, id);
  if (!rows.next()) return rows.code();
  stored.request = RequestRow{rows->text(1), rows->number(0)};
  return SQLITE_DONE;
}

int Loader::read_branches(std::int64_t id, StoredTransaction& stored) {
  Rows rows(stored.with_payloads ? branches_ : branches_without_payload_, id);
  while (rows.next()) stored.branches.push_back({rows->number(0), rows->text(2), rows->optional_text(3), rows->number(1)});
  return rows.code();
}

int Loader::read_outputs(std::int64_t id, StoredTransaction& stored) {
  Rows rows(outputs_, id);
  while (rows.next()) stored.outputs.push_back({rows->number(0), rows->text(1), rows->number(2), rows->text(4), rows->number(3)});
  return rows.code();
}

Result<std::unique_ptr<Reader>> open_reader(std::shared_ptr<Shared> shared) {
  if (shared->connection) return std::unique_ptr<Reader>(std::make_unique<SqliteReader>(std::move(shared), std::nullopt));
  auto connection = Connection::open(shared->path, Connection::Access::read_only, shared->vfs);
  if (!connection) return connection.error();
  if (const int code = configure(*connection, shared->busy_ms); code != SQLITE_OK) {
    return error_of(code, "read " + shared->path, connection->last_message());
  }
  return std::unique_ptr<Reader>(std::make_unique<SqliteReader>(std::move(shared), std::move(*connection)));
}

}  // namespace escrow::store::sqlite
