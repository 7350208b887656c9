#include "client-sdk/src/sqlite/rows.hpp"

#include <sqlite3.h>

#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/sqlite/translate.hpp"

namespace escrow::sqlite {
namespace {

constexpr std::string_view insert_row = R"(
insert into escrow_barrier (gid, branch, operation, cause, outcome, output, created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict do nothing)";
constexpr std::string_view find_row = "select cause, outcome, output from escrow_barrier where gid = ?1 and branch = ?2 and operation = ?3";
constexpr std::string_view update_row =
    "update escrow_barrier set outcome = ?4, output = ?5 where gid = ?1 and branch = ?2 and operation = ?3";
constexpr std::string_view open = "savepoint escrow_business";
constexpr std::string_view release = "release escrow_business";
constexpr std::string_view roll_back = "rollback to escrow_business";

}  // namespace

Result<bool> SqliteRows::insert(const barrier::RowKey& key, const barrier::Row& row) {
  return translated<bool>([&] {
    auto insert = statements_.use(insert_row);
    insert->bind(key.gid, key.branch, key.operation, row.cause, barrier::to_string(row.outcome), row.output, now_ms_);
    return insert->run() == 1;
  });
}

Result<std::optional<barrier::Row>> SqliteRows::find(const barrier::RowKey& key) {
  return translated<std::optional<barrier::Row>>([&]() -> std::optional<barrier::Row> {
    auto find = statements_.use(find_row);
    find->bind(key.gid, key.branch, key.operation);
    if (!find->next()) return std::nullopt;
    const auto outcome = barrier::row_outcome_from(find->text(1));
    if (!outcome) throw SqlError(SQLITE_CORRUPT, "a barrier row has an outcome that cannot be");
    return barrier::Row{find->text(0), *outcome, find->text(2)};
  });
}

Result<void> SqliteRows::update(const barrier::RowKey& key, barrier::RowOutcome outcome, std::string_view output) {
  return translated<void>([&] {
    auto update = statements_.use(update_row);
    update->bind(key.gid, key.branch, key.operation, barrier::to_string(outcome), output);
    if (update->run() != 1) throw SqlError(SQLITE_ERROR, "the barrier row is gone: was the transaction ended inside the handler?");
  });
}

Result<void> SqliteRows::open_savepoint() {
  return translated<void>([&] { statements_.run(open); });
}

Result<void> SqliteRows::release_savepoint() {
  return translated<void>([&] { statements_.run(release); });
}

Result<void> SqliteRows::return_to_savepoint() {
  return translated<void>([&] {
    statements_.run(roll_back);
    statements_.run(release);
  });
}

}  // namespace escrow::sqlite
