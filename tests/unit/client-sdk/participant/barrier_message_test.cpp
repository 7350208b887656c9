#include <catch2/catch.hpp>

#include <escrow/error.hpp>
#include <escrow/message_check.hpp>

#include "tests/unit/client-sdk/participant/bank.hpp"
#include "tests/unit/client-sdk/participant/calls.hpp"

namespace escrow {
namespace {

using test::Bank;
using test::call_of;

Outcome check(const Bank& bank) { return sqlite::Barrier(bank.db()).answer_check(call_of(Operation::check)); }

}  // namespace

TEST_CASE("H19 a recorded message that committed makes its check succeed, as often as asked", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  sqlite::execute(bank.db(), "begin immediate; update account set balance = 3");
  CHECK(sqlite::record_message(bank.db(), "order-17").has_value());
  sqlite::execute(bank.db(), "commit");
  CHECK(check(bank).kind() == Outcome::Kind::succeeded);
  CHECK(check(bank).kind() == Outcome::Kind::succeeded);
  CHECK(bank.number("select count(*) from escrow_barrier where branch = '' and operation = 'message' and cause = 'commit'") == 1);
}

TEST_CASE("H20 a check that comes first is refused for ever and bars the local transaction", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  CHECK(check(bank).kind() == Outcome::Kind::refused);
  sqlite::execute(bank.db(), "begin immediate; update account set balance = 3");
  const auto recorded = sqlite::record_message(bank.db(), "order-17");
  REQUIRE_FALSE(recorded.has_value());
  CHECK(recorded.error().code == Errc::message_aborted);
  sqlite::execute(bank.db(), "rollback");
  CHECK(check(bank).kind() == Outcome::Kind::refused);
  CHECK(bank.taken() == 0);
}

TEST_CASE("H20 a check during the local transaction is told busy and asked again", "[sdk][barrier][message]") {
  const test::TemporaryFolder folder;
  const Bank initiator(folder.file("bank.db"));
  const Bank checker(folder.file("bank.db"));
  sqlite::execute(initiator.db(), "begin immediate");
  CHECK(sqlite::record_message(initiator.db(), "order-17").has_value());
  CHECK(check(checker).kind() == Outcome::Kind::busy);
  sqlite::execute(initiator.db(), "commit");
  CHECK(check(checker).kind() == Outcome::Kind::succeeded);
}

TEST_CASE("H20 a deferred local transaction that a check overtakes cannot commit its message", "[sdk][barrier][message]") {
  const test::TemporaryFolder folder;
  const Bank initiator(folder.file("bank.db"));
  const Bank checker(folder.file("bank.db"));
  sqlite::execute(initiator.db(), "begin; select * from account");
  CHECK(check(checker).kind() == Outcome::Kind::refused);
  const auto recorded = sqlite::record_message(initiator.db(), "order-17");
  REQUIRE_FALSE(recorded.has_value());
  CHECK(recorded.error().code == Errc::busy);  // the snapshot is old; the repeat is told message_aborted
  sqlite::execute(initiator.db(), "rollback; begin immediate");
  const auto again = sqlite::record_message(initiator.db(), "order-17");
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == Errc::message_aborted);
}

TEST_CASE("a local transaction that rolls back takes its message with it", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  sqlite::execute(bank.db(), "begin immediate");
  CHECK(sqlite::record_message(bank.db(), "order-17").has_value());
  sqlite::execute(bank.db(), "rollback");
  CHECK(check(bank).kind() == Outcome::Kind::refused);
}

TEST_CASE("the same message recorded twice is told apart from an aborted one", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  sqlite::execute(bank.db(), "begin immediate");
  CHECK(sqlite::record_message(bank.db(), "order-17").has_value());
  sqlite::execute(bank.db(), "commit; begin immediate");
  const auto again = sqlite::record_message(bank.db(), "order-17");
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == Errc::message_recorded);
}

TEST_CASE("recording a message outside a transaction is a programming error", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  const auto recorded = sqlite::record_message(bank.db(), "order-17");
  REQUIRE_FALSE(recorded.has_value());
  CHECK(recorded.error().code == Errc::not_in_transaction);
  CHECK(bank.rows() == 0);
}

TEST_CASE("messages of different transactions do not meet, and none meets a branch", "[sdk][barrier][message]") {
  const Bank bank(":memory:");
  CHECK(check(bank).kind() == Outcome::Kind::refused);
  sqlite::execute(bank.db(), "begin immediate");
  CHECK(sqlite::record_message(bank.db(), "order-1").has_value());
  CHECK(sqlite::record_message(bank.db(), "order-171").has_value());
  sqlite::execute(bank.db(), "commit");
  CHECK(bank.perform(call_of(Operation::action, Phase::final)).kind() == Outcome::Kind::succeeded);
}

TEST_CASE("the check handler answers from the pool", "[sdk][barrier][message]") {
  const test::TemporaryFolder folder;
  const Bank bank(folder.file("bank.db"));
  const auto handler = sqlite::message_check(sqlite::Connections(folder.file("bank.db")));
  CHECK(handler(call_of(Operation::check), "").kind() == Outcome::Kind::refused);
}

}  // namespace escrow
