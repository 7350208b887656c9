#include <iostream>

#include "coordinator/store/sqlite/log.hpp"
#include "stored_by_version_1.hpp"
#include "tests/contract/transactions.hpp"

/// Writes tests/fixtures/store/v1.db. Runs with the schema it is named for, never again after.
int main(int argc, char** argv) {
  using namespace escrow;
  if (argc != 2) {
    std::cerr << "usage: store_fixture FILE\n";
    return 2;
  }
  auto log = store::sqlite::open_log({.path = argv[1]});
  if (!log) {
    std::cerr << log.error().detail << '\n';
    return 1;
  }
  auto retired = testing::started(testing::retired_by_version_1);
  std::vector<store::Write> writes{testing::start_of(retired), testing::end_of(retired, 2'000)};
  for (const auto& answer : (*log)->apply(writes)) {
    if (answer.answer != store::WriteAnswer::ok) return 1;
  }
  if (!(*log)->remove_finished(3'000, 4'000'000'000'000, 10)) return 1;
  for (const auto& transaction : testing::stored_by_version_1()) {
    auto event = testing::event(protocol::EventType::started, core::to_ms(transaction.started_at));
    event.actor = "anonymous";
    const auto answers = (*log)->apply({store::encode_write(transaction, transaction.updated_at, {event})});
    if (answers[0].answer != store::WriteAnswer::ok) return 1;
  }
  return 0;
}
