#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "client-sdk/src/barrier/rules.hpp"
#include "tests/unit/client-sdk/participant/bank.hpp"
#include "tests/unit/client-sdk/participant/calls.hpp"
#include "tests/unit/client-sdk/participant/memory_rows.hpp"

namespace escrow {
namespace {

/// One step of a sequence: an operation, and what the business says when it is asked.
struct Step {
  Operation operation;
  Phase phase;
  Outcome says;
};

Outcome in_memory(test::Database& database, const Step& step) {
  test::MemoryRows rows(database);
  auto verdict = barrier::apply(rows, {"order-17", "stock", step.operation, step.phase}, [&](const std::string&) {
    const bool forward = step.operation == Operation::action || step.operation == Operation::try_;
    const bool undo = step.operation == Operation::compensate || step.operation == Operation::cancel;
    rows.taken() += forward ? 1 : undo ? -1 : 0;
    return step.says;
  });
  if (verdict.commit) rows.commit();
  return verdict.answer;
}

test::Database read(const test::Bank& bank) {
  test::Database database;
  database.taken = static_cast<int>(bank.taken());
  sqlite::Statement rows(bank.db(), "select gid, branch, operation, cause, outcome, output from escrow_barrier");
  while (rows.next()) {
    database.rows[{rows.text(0), rows.text(1), rows.text(2)}] = {rows.text(3), barrier::row_outcome_from(rows.text(4)).value(),
                                                                 rows.text(5)};
  }
  return database;
}

/// What no sequence may break (faults.md S3 to S6), seen in the bank alone.
void check_invariants(const test::Bank& bank) {
  const auto done = [&](const std::string& operation) {
    return bank.number("select count(*) from escrow_barrier where outcome = 'done' and cause = operation and operation = '" + operation +
                       "'");
  };
  const auto forward = done("try") + done("action");
  const bool null_undo = bank.number("select count(*) from escrow_barrier where outcome = 'none'") > 0;
  const auto undone = done("cancel") + done("compensate");
  CHECK(bank.taken() >= 0);
  CHECK(bank.taken() <= 1);
  CHECK(bank.taken() == (forward > 0 && undone == 0 ? 1 : 0));
  CHECK(bank.confirmed() == 100 * done("confirm"));
  CHECK_FALSE((done("confirm") > 0 && undone > 0));
  CHECK_FALSE((null_undo && forward > 0));
}

void walk(const std::vector<Step>& alphabet, std::size_t length) {
  test::Bank bank(":memory:");
  std::vector<std::size_t> digits(length, 0);
  std::size_t sequences = 0;
  bool more = true;
  while (more) {
    sqlite::execute(bank.db(), "delete from escrow_barrier; update account set balance = 10, confirmed = 0");
    test::Database model;
    for (const std::size_t digit : digits) {
      const Step& step = alphabet[digit];
      const auto expected = in_memory(model, step);
      const auto answered = bank.perform(test::call_of(step.operation, step.phase), step.says);
      if (!(answered == expected)) FAIL("SQLite and memory answer differently in sequence " << sequences);
    }
    if (!(read(bank) == model)) FAIL("SQLite and memory store different rows in sequence " << sequences);
    check_invariants(bank);
    ++sequences;
    more = false;
    for (auto& digit : digits) {
      if (++digit < alphabet.size()) {
        more = true;
        break;
      }
      digit = 0;
    }
  }
}

}  // namespace

TEST_CASE("every sequence of four saga calls does in SQLite what the rules do in memory", "[sdk][barrier]") {
  walk({{Operation::action, Phase::forward, Outcome::succeeded("1")},
        {Operation::action, Phase::forward, Outcome::refused("no")},
        {Operation::action, Phase::final, Outcome::refused("not yet")},
        {Operation::compensate, Phase::final, Outcome::succeeded("2")},
        {Operation::compensate, Phase::final, Outcome::refused("stuck")},
        {Operation::compensate, Phase::final, Outcome::unavailable("down")}},
       4);
}

TEST_CASE("every sequence of four TCC calls does in SQLite what the rules do in memory", "[sdk][barrier]") {
  walk({{Operation::try_, Phase::forward, Outcome::succeeded("1")},
        {Operation::try_, Phase::forward, Outcome::refused("no")},
        {Operation::confirm, Phase::final, Outcome::succeeded("2")},
        {Operation::confirm, Phase::final, Outcome::refused("stuck")},
        {Operation::cancel, Phase::final, Outcome::succeeded("3")},
        {Operation::cancel, Phase::final, Outcome::busy("later")}},
       4);
}

}  // namespace escrow
