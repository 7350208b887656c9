#include "tests/unit/node/fake_log.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <tuple>

namespace escrow::tests {

store::WriteAnswer FakeLog::apply(const WantedWrite& write) {
  const std::string gid = write.transaction.gid().text();
  const auto found = rows_.find(gid);
  const std::int64_t expected = write.transaction.revision - 1;
  if (retired.contains(gid) || (found == rows_.end() ? 0 : found->second.transaction.revision) != expected)
    return store::WriteAnswer::conflict;
  if (found != rows_.end()) {
    INFO("a terminal transaction never changes: " << gid);
    REQUIRE_FALSE(found->second.transaction.is_terminal());
  }
  Row& row = rows_[gid];
  if (row.id == 0) row.id = ++last_id_;
  row.transaction = write.transaction;
  row.transaction.run = run;
  row.due_at_ms = write.due_at ? std::optional(core::to_ms(*write.due_at)) : std::nullopt;
  REQUIRE((!write.transaction.is_terminal() || !write.due_at));
  auto& history = history_[gid];
  history.insert(history.end(), write.history.begin(), write.history.end());
  return store::WriteAnswer::ok;
}

store::Found FakeLog::load(const protocol::Gid& gid) const {
  store::Found found;
  found.retired = retired.contains(gid.text());
  if (corrupt.contains(gid.text())) {
    found.corrupt = "checksum";
  } else if (const auto* transaction = find(gid); transaction != nullptr && !found.retired) {
    found.transaction = *transaction;
  }
  return found;
}

store::DuePage FakeLog::due(const engine::node::DueWanted& wanted) const {
  std::vector<const Row*> rows;
  const std::int64_t until = core::to_ms(wanted.until);
  const auto place = [](const Row& row) { return std::pair(*row.due_at_ms, row.id); };
  for (const auto& [gid, row] : rows_) {
    if (!row.due_at_ms || *row.due_at_ms > until) continue;
    if (!wanted.after || place(row) > std::pair(wanted.after->due_at_ms, wanted.after->id)) rows.push_back(&row);
  }
  std::ranges::sort(rows, {}, [&](const Row* row) { return place(*row); });
  store::DuePage page;
  page.complete_until_ms = until;
  if (rows.size() > wanted.limit) {
    rows.resize(wanted.limit);
    page.next = store::DuePosition{*rows.back()->due_at_ms, rows.back()->id};
    page.complete_until_ms = *rows.back()->due_at_ms - 1;
  }
  for (const Row* row : rows) {
    if (corrupt.contains(row->transaction.gid().text())) {
      page.corrupt.emplace_back(row->transaction.gid(), "checksum");
    } else {
      page.transactions.emplace_back(*row->due_at_ms, row->transaction);
    }
  }
  return page;
}

const core::Transaction* FakeLog::find(const protocol::Gid& gid) const {
  const auto found = rows_.find(gid.text());
  return found == rows_.end() ? nullptr : &found->second.transaction;
}

std::int64_t FakeLog::unfinished() const {
  return std::ranges::count_if(rows_, [](const auto& row) { return !row.second.transaction.is_terminal(); });
}

void FakeLog::put(core::Transaction transaction, std::optional<core::Time> due_at) {
  Row& row = rows_[transaction.gid().text()];
  row.id = ++last_id_;
  row.due_at_ms = due_at ? std::optional(core::to_ms(*due_at)) : std::nullopt;
  row.transaction = std::move(transaction);
}

}  // namespace escrow::tests
