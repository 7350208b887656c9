#include "tests/fault-injection/vfs/ledger.hpp"

#include <sqlite3.h>

#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "coordinator/store/checksum.hpp"
#include "coordinator/store/history.hpp"
#include "coordinator/store/sqlite/connection.hpp"

namespace escrow::vfs {
namespace {

using store::Checksum;
using store::sqlite::Connection;
using store::sqlite::Statement;

template <class... Fields>
std::uint64_t sum_of(std::string_view table, const Fields&... fields) {
  Checksum sum;
  sum.add(table);
  (sum.add(fields), ...);
  return static_cast<std::uint64_t>(sum.value());
}

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

std::uint64_t tombstone_of(const std::string& gid, std::int64_t until_ms) { return sum_of("tombstone", std::string_view(gid), until_ms); }

std::uint64_t event_of(std::string_view gid, const core::HistoryEvent& event) {
  const auto branch = event.branch ? std::optional<std::string_view>(event.branch->text()) : std::nullopt;
  const auto operation = event.operation ? std::optional(to_string(*event.operation)) : std::nullopt;
  return sum_of("event", gid, core::to_ms(event.at), to_string(event.type), branch, operation, event.attempt, view_of(event.detail),
                view_of(event.actor));
}

std::uint64_t row_of(const store::Write& write) {
  return sum_of("transaction", std::string_view(write.gid.text()), write.expected_revision + 1, to_string(write.status),
                to_string(write.mode), view_of(write.name), std::int64_t{write.attention}, write.started_at_ms, write.updated_at_ms,
                write.finished_at_ms, write.due_at_ms, std::string_view(write.state));
}

std::uint64_t others_of(const store::Write& write) {
  const std::string_view gid = write.gid.text();
  std::uint64_t sum = 0;
  if (write.expected_revision == 0) {
    sum += sum_of("request", gid, std::string_view(write.request));
    for (const auto& [name, value] : write.attributes)
      sum += sum_of("attribute", gid, std::string_view(name), std::string_view(value), write.started_at_ms);
  }
  for (const auto& branch : write.branches)
    sum += sum_of("branch", gid, std::int64_t{branch.index}, std::string_view(branch.request), view_of(branch.payload));
  for (const auto& [ref, output] : write.outputs)
    sum += sum_of("output", gid, std::int64_t{ref.branch}, to_string(ref.role), write.expected_revision + 1, std::string_view(output));
  for (const auto& event : write.history) sum += event_of(gid, event);
  return sum;
}

template <class Row>
void for_each_row(Connection& connection, const char* sql, Row row) {
  Statement statement(connection, sql);
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) row(std::as_const(statement));
  if (code != SQLITE_DONE) throw std::runtime_error("cannot read: " + connection.last_message());
}

}  // namespace

void Ledger::write(const store::Write& write) {
  Entry& entry = entries_[write.gid.text()];
  digest_ -= entry.row;
  entry.revision = write.expected_revision + 1;
  entry.status = write.status;
  entry.attention = write.attention;
  entry.finished_at_ms = write.finished_at_ms.value_or(0);
  entry.row = row_of(write);
  const std::uint64_t added = others_of(write);
  entry.others += added;
  digest_ += entry.row + added;
}

void Ledger::remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (!protocol::is_terminal(entry->second.status) || entry->second.finished_at_ms >= finished_before_ms) {
      ++entry;
      continue;
    }
    digest_ -= entry->second.row + entry->second.others;
    tombstones_[entry->first] = tombstone_until_ms;
    digest_ += tombstone_of(entry->first, tombstone_until_ms);
    entry = entries_.erase(entry);
  }
}

void Ledger::remove_tombstones(std::int64_t until_ms) {
  std::erase_if(tombstones_, [&](const auto& tombstone) {
    const bool goes = tombstone.second <= until_ms;
    if (goes) digest_ -= tombstone_of(tombstone.first, tombstone.second);
    return goes;
  });
}

std::int64_t Ledger::revision_of(const std::string& gid) const {
  const auto found = entries_.find(gid);
  return found == entries_.end() ? 0 : found->second.revision;
}

store::Counts Ledger::counts() const {
  store::Counts counts;
  for (const auto status : {protocol::Status::active, protocol::Status::committing, protocol::Status::aborting})
    counts.unfinished[status] = 0;
  for (const auto& [gid, entry] : entries_) {
    if (!protocol::is_terminal(entry.status)) ++counts.unfinished[entry.status];
    if (entry.attention) ++counts.attention;
  }
  return counts;
}

std::set<std::string> Ledger::gids() const {
  std::set<std::string> gids;
  for (const auto& [gid, entry] : entries_) gids.insert(gid);
  return gids;
}

std::string Ledger::summary() const {
  std::string text;
  for (const auto& [gid, entry] : entries_) text += gid + "@" + std::to_string(entry.revision) + " ";
  return text + "and " + std::to_string(tombstones_.size()) + " tombstones";
}

Content read_content(const std::string& path, const char* vfs) {
  auto opened = Connection::open(path, Connection::Access::read_only, vfs);
  if (!opened) throw std::runtime_error(opened.error().detail);
  Connection& connection = *opened;
  Content content;
  std::map<std::int64_t, std::string> gids;
  const auto gid_of = [&](std::int64_t id) -> std::string_view {
    const auto found = gids.find(id);
    if (found == gids.end()) content.is_whole = false;
    return found == gids.end() ? std::string_view() : std::string_view(found->second);
  };
  for_each_row(connection,
               "SELECT id, gid, revision, status, mode, name, attention, started_at_ms, updated_at_ms, finished_at_ms, due_at_ms, state"
               " FROM transactions NOT INDEXED",
               [&](const Statement& row) {
                 gids[row.number(0)] = row.text(1);
                 content.revisions[row.text(1)] = row.number(2);
                 content.digest +=
                     sum_of("transaction", row.view(1), row.number(2), row.view(3), row.view(4), view_of(row.optional_text(5)),
                            row.number(6), row.number(7), row.number(8), row.optional_number(9), row.optional_number(10), row.view(11));
               });
  for_each_row(connection, "SELECT transaction_id, request FROM requests",
               [&](const Statement& row) { content.digest += sum_of("request", gid_of(row.number(0)), row.view(1)); });
  for_each_row(connection, "SELECT transaction_id, name, value, started_at_ms FROM attributes", [&](const Statement& row) {
    content.digest += sum_of("attribute", gid_of(row.number(0)), row.view(1), row.view(2), row.number(3));
  });
  for_each_row(connection, "SELECT transaction_id, branch, request, payload FROM branches", [&](const Statement& row) {
    content.digest += sum_of("branch", gid_of(row.number(0)), row.number(1), row.view(2), view_of(row.optional_text(3)));
  });
  for_each_row(connection, "SELECT transaction_id, branch, role, revision, output FROM outputs", [&](const Statement& row) {
    content.digest += sum_of("output", gid_of(row.number(0)), row.number(1), row.view(2), row.number(3), row.view(4));
  });
  for_each_row(connection, "SELECT transaction_id, events, seq FROM history ORDER BY seq", [&](const Statement& row) {
    for (const auto& event : store::decode_history(row.view(1))) content.digest += event ? event_of(gid_of(row.number(0)), *event) : 1;
    content.last_seq = row.number(2);
  });
  for_each_row(connection, "SELECT gid, until_ms FROM tombstones",
               [&](const Statement& row) { content.digest += tombstone_of(row.text(0), row.number(1)); });
  for_each_row(connection, "SELECT store_id FROM meta", [&](const Statement& row) { content.store_id = row.text(0); });
  return content;
}

}  // namespace escrow::vfs
