#include "coordinator/store/sqlite/writer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/store/codec.hpp"
#include "coordinator/store/history.hpp"

namespace escrow::store::sqlite {
namespace {

using protocol::Status;

void count(CountChanges& changes, std::string_view status, bool attention, std::int64_t by) {
  if (status == to_string(Status::active)) changes.active += by;
  if (status == to_string(Status::committing)) changes.committing += by;
  if (status == to_string(Status::aborting)) changes.aborting += by;
  if (attention) changes.attention += by;
}

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

bool is_of_one_write(int code) {
  const int primary = code & 0xFF;
  return primary == SQLITE_CONSTRAINT || primary == SQLITE_TOOBIG || primary == SQLITE_MISMATCH;
}

struct Writer::Existing {
  bool found = false;
  bool retired = false;
  std::int64_t id = 0;
  std::int64_t revision = 0;
  std::string status;
  bool attention = false;
};

Writer::Writer(Connection& connection, std::int64_t run, Sequences sequences)
    : run_(run),
      sequences_(sequences),
      savepoint_(connection, "SAVEPOINT one_write"),
      release_(connection, "RELEASE one_write"),
      rollback_to_(connection, "ROLLBACK TO one_write"),
      find_(connection, "SELECT id, revision, status, attention FROM transactions WHERE gid = ?"),
      find_tombstone_(connection, "SELECT 1 FROM tombstones WHERE gid = ?"),
      insert_(
          connection,
          "INSERT INTO transactions (id, gid, revision, run, status, mode, name, attention, started_at_ms, updated_at_ms, finished_at_ms,"
          " due_at_ms, checksum, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      update_(
          connection,
          "UPDATE transactions SET revision = ?, run = ?, status = ?, attention = ?, updated_at_ms = ?, finished_at_ms = ?, due_at_ms = ?,"
          " checksum = ?, state = ? WHERE id = ?"),
      update_within_status_(
          connection,
          "UPDATE transactions SET revision = ?, run = ?, updated_at_ms = ?, due_at_ms = ?, checksum = ?, state = ? WHERE id = ?"),
      insert_request_(connection, "INSERT INTO requests (transaction_id, checksum, request) VALUES (?, ?, ?)"),
      insert_branch_(connection, "INSERT INTO branches (transaction_id, branch, checksum, request, payload) VALUES (?, ?, ?, ?, ?)"),
      insert_output_(connection,
                     "INSERT INTO outputs (transaction_id, branch, role, revision, checksum, output) VALUES (?, ?, ?, ?, ?, ?)"),
      insert_attribute_(connection, "INSERT INTO attributes (transaction_id, name, value, started_at_ms) VALUES (?, ?, ?, ?)"),
      insert_history_(connection, "INSERT INTO history (seq, transaction_id, events) VALUES (?, ?, ?)"),
      finished_(connection,
                "SELECT id, gid FROM transactions WHERE finished_at_ms IS NOT NULL AND finished_at_ms < ? ORDER BY finished_at_ms LIMIT ?"),
      last_event_of_(connection, "SELECT max(seq) FROM history WHERE transaction_id = ?"),
      remove_history_(connection, "DELETE FROM history WHERE transaction_id = ?"),
      remove_attributes_(connection, "DELETE FROM attributes WHERE transaction_id = ?"),
      remove_outputs_(connection, "DELETE FROM outputs WHERE transaction_id = ?"),
      remove_branches_(connection, "DELETE FROM branches WHERE transaction_id = ?"),
      remove_request_(connection, "DELETE FROM requests WHERE transaction_id = ?"),
      remove_transaction_(connection, "DELETE FROM transactions WHERE id = ?"),
      insert_tombstone_(
          connection, "INSERT INTO tombstones (gid, until_ms) VALUES (?, ?) ON CONFLICT (gid) DO UPDATE SET until_ms = excluded.until_ms"),
      remove_tombstones_(connection,
                         "DELETE FROM tombstones WHERE gid IN (SELECT gid FROM tombstones WHERE until_ms <= ? ORDER BY until_ms LIMIT ?)"),
      removed_(connection, "UPDATE meta SET last_seq = max(last_seq, ?), removed_seq = max(removed_seq, ?) WHERE id = 1"),
      probe_(connection, "UPDATE meta SET probes = probes + 1 WHERE id = 1"),
      read_sequences_(connection,
                      "SELECT (SELECT coalesce(max(id), 0) FROM transactions), (SELECT coalesce(max(seq), 0) FROM history), last_seq FROM "
                      "meta WHERE id = 1") {}

int Writer::apply(const Write& write, bool alone, WriteResult& result, CountChanges& changes) {
  Existing existing;
  if (const int code = find(write, existing); code != SQLITE_DONE) return code;
  if (existing.retired || existing.revision != write.expected_revision) {
    result = {WriteAnswer::conflict, 0,
              existing.retired
                  ? "the gid is retired"
                  : "revision " + std::to_string(write.expected_revision) + " expected, " + std::to_string(existing.revision) + " stored"};
    return SQLITE_OK;
  }

  const Sequences before = sequences_;
  int code = alone ? savepoint_.run() : SQLITE_DONE;
  if (code != SQLITE_DONE) return code;
  std::int64_t id = existing.id;
  code = write_row(write, existing, id);
  if (code == SQLITE_DONE) code = write_once(write, id);
  if (code == SQLITE_DONE) code = write_history(write, id);
  if (code != SQLITE_DONE) {
    if (!alone || !is_of_one_write(code)) return code;
    sequences_ = before;
    result = {WriteAnswer::unavailable, 0, std::string("the write does not fit into the log: ") + sqlite3_errstr(code)};
    code = rollback_to_.run();
    if (code != SQLITE_DONE) return code;
  }
  if (alone) code = release_.run();
  if (code != SQLITE_DONE) return code;
  if (result.answer == WriteAnswer::ok) {
    result.last_seq = sequences_.last_seq;
    if (existing.found) count(changes, existing.status, existing.attention, -1);
    count(changes, to_string(write.status), write.attention, 1);
  }
  return SQLITE_OK;
}

int Writer::find(const Write& write, Existing& existing) {
  Rows rows(find_, write.gid.text());
  if (rows.next()) {
    existing.found = true;
    existing.id = rows->number(0);
    existing.revision = rows->number(1);
    existing.status = rows->text(2);
    existing.attention = rows->number(3) != 0;
    return SQLITE_DONE;
  }
  if (rows.code() != SQLITE_DONE || write.expected_revision != 0) return rows.code();
  Rows tombstones(find_tombstone_, write.gid.text());
  existing.retired = tombstones.next();
  return existing.retired ? SQLITE_DONE : tombstones.code();
}

int Writer::write_row(const Write& write, const Existing& existing, std::int64_t& id) {
  TransactionRow row{.gid = write.gid.text(),
                     .revision = write.expected_revision + 1,
                     .run = run_,
                     .status = std::string(to_string(write.status)),
                     .mode = std::string(to_string(write.mode)),
                     .name = write.name,
                     .attention = write.attention ? 1 : 0,
                     .started_at_ms = write.started_at_ms,
                     .updated_at_ms = write.updated_at_ms,
                     .finished_at_ms = write.finished_at_ms,
                     .due_at_ms = write.due_at_ms,
                     .state = {},
                     .checksum = 0};
  row.checksum = checksum_of(row, write.state);
  // SQLite rewrites the index of every column that is set, changed or not.
  if (existing.found && existing.status == row.status && existing.attention == write.attention && !row.finished_at_ms) {
    return update_within_status_.run(row.revision, row.run, row.updated_at_ms, row.due_at_ms, row.checksum, write.state, id);
  }
  if (existing.found) {
    return update_.run(row.revision, row.run, row.status, row.attention, row.updated_at_ms, row.finished_at_ms, row.due_at_ms, row.checksum,
                       write.state, id);
  }
  id = ++sequences_.last_id;
  return insert_.run(id, row.gid, row.revision, row.run, row.status, row.mode, row.name, row.attention, row.started_at_ms,
                     row.updated_at_ms, row.finished_at_ms, row.due_at_ms, row.checksum, write.state);
}

int Writer::write_once(const Write& write, std::int64_t id) {
  const std::string& gid = write.gid.text();
  int code = SQLITE_DONE;
  if (write.expected_revision == 0) {
    code = insert_request_.run(id, request_checksum(gid, write.request), write.request);
    for (auto attribute = write.attributes.begin(); code == SQLITE_DONE && attribute != write.attributes.end(); ++attribute) {
      code = insert_attribute_.run(id, attribute->first, attribute->second, write.started_at_ms);
    }
  }
  for (std::size_t i = 0; code == SQLITE_DONE && i < write.branches.size(); ++i) {
    const auto& branch = write.branches[i];
    const auto payload = branch.payload ? std::optional(Blob{*branch.payload}) : std::nullopt;
    code = insert_branch_.run(id, std::int64_t{branch.index}, branch_checksum(gid, branch.index, branch.request, view_of(branch.payload)),
                              branch.request, payload);
  }
  for (std::size_t i = 0; code == SQLITE_DONE && i < write.outputs.size(); ++i) {
    const auto& [ref, output] = write.outputs[i];
    const auto role = to_string(ref.role);
    const std::int64_t revision = write.expected_revision + 1;
    code = insert_output_.run(id, std::int64_t{ref.branch}, role, revision, output_checksum(gid, ref.branch, role, revision, output),
                              Blob{output});
  }
  return code;
}

int Writer::write_history(const Write& write, std::int64_t id) {
  if (write.history.empty()) return SQLITE_DONE;
  // The row bears the number of its last event.
  sequences_.last_seq += static_cast<std::int64_t>(write.history.size());
  return insert_history_.run(sequences_.last_seq, id, encode_history(write.history));
}

std::pair<int, std::size_t> Writer::remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms, std::size_t limit) {
  std::vector<std::pair<std::int64_t, std::string>> finished;
  {
    Rows rows(finished_, finished_before_ms, static_cast<std::int64_t>(limit));
    while (rows.next()) finished.emplace_back(rows->number(0), rows->text(1));
    if (rows.code() != SQLITE_DONE) return {rows.code(), 0};
  }
  if (finished.empty()) return {SQLITE_DONE, 0};
  std::int64_t removed_seq = 0;
  for (const auto& [id, gid] : finished) {
    Rows last(last_event_of_, id);
    if (!last.next()) return {last.code(), 0};
    removed_seq = std::max(removed_seq, last->number(0));
    if (const int code = remove(id, gid, tombstone_until_ms); code != SQLITE_DONE) return {code, 0};
  }
  // The sequence is remembered before the rows that show where it stands go.
  return {removed_.run(sequences_.last_seq, removed_seq), finished.size()};
}

int Writer::remove(std::int64_t id, const std::string& gid, std::int64_t tombstone_until_ms) {
  for (Statement* statement :
       {&remove_history_, &remove_attributes_, &remove_outputs_, &remove_branches_, &remove_request_, &remove_transaction_}) {
    if (const int code = statement->run(id); code != SQLITE_DONE) return code;
  }
  return insert_tombstone_.run(gid, tombstone_until_ms);
}

std::pair<int, std::size_t> Writer::remove_tombstones(std::int64_t until_ms, std::size_t limit) {
  const int code = remove_tombstones_.run(until_ms, static_cast<std::int64_t>(limit));
  return {code, code == SQLITE_DONE ? remove_tombstones_.changes() : 0};
}

int Writer::probe() { return probe_.run(); }

int Writer::read_sequences(Sequences& sequences) {
  Rows rows(read_sequences_);
  if (!rows.next()) return rows.code();
  // The number of a transaction only orders: one that was given and never stored may be given again.
  sequences.last_id = rows->number(0);
  sequences.last_seq = std::max({rows->number(1), rows->number(2), sequences_.last_seq});
  return SQLITE_OK;
}

}  // namespace escrow::store::sqlite
