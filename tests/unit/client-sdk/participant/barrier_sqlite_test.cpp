#include <chrono>
#include <stdexcept>
#include <string>

#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <escrow/error.hpp>
#include <escrow/sqlite/handlers.hpp>

#include "tests/unit/client-sdk/participant/bank.hpp"
#include "tests/unit/client-sdk/participant/calls.hpp"

namespace escrow {
namespace {

using test::Bank;
using test::call_of;

constexpr auto succeeded = Outcome::Kind::succeeded;
constexpr auto refused = Outcome::Kind::refused;
constexpr auto busy = Outcome::Kind::busy;
constexpr auto unavailable = Outcome::Kind::unavailable;

/// Two instances of one service on one file.
struct Pair {
  test::TemporaryFolder folder;
  Bank first{folder.file("bank.db")};
  Bank second{folder.file("bank.db")};

  /// Runs `then` while the first instance is in the middle of `branch`'s business change.
  template <class Then>
  Outcome during(const Branch& branch, Then then) {
    return sqlite::Barrier(first.db()).run(branch, [&](const std::string&) {
      first.change(branch.operation());
      then();
      return Outcome::succeeded("\"first\"");
    });
  }
};

}  // namespace

TEST_CASE("G05 of two copies at once one has the effect and the other is told busy, then the same answer", "[sdk][barrier]") {
  for (const Operation operation : {Operation::action, Operation::try_}) {
    Pair pair;
    const auto answer = pair.during(call_of(operation), [&] { CHECK(pair.second.perform(call_of(operation)).kind() == busy); });
    CHECK(answer == Outcome::succeeded("\"first\""));
    CHECK(pair.second.perform(call_of(operation)) == answer);
    CHECK(pair.second.taken() == 1);
  }
}

TEST_CASE("G06 of confirm and cancel at once one takes effect and the other is refused", "[sdk][barrier]") {
  for (const bool confirm_first : {true, false}) {
    const Operation winner = confirm_first ? Operation::confirm : Operation::cancel;
    const Operation loser = confirm_first ? Operation::cancel : Operation::confirm;
    Pair pair;
    REQUIRE(pair.first.perform(call_of(Operation::try_)).kind() == succeeded);
    CHECK(pair.during(call_of(winner), [&] { CHECK(pair.second.perform(call_of(loser)).kind() == busy); }).kind() == succeeded);
    CHECK(pair.second.perform(call_of(loser)).kind() == refused);
    CHECK(pair.second.taken() == (confirm_first ? 1 : 0));
    CHECK(pair.second.confirmed() == (confirm_first ? 100 : 0));
  }
}

TEST_CASE("G07 of a try and its cancel at once both take effect in order", "[sdk][barrier]") {
  Pair pair;
  const auto answer = pair.during(call_of(Operation::try_), [&] { CHECK(pair.second.perform(call_of(Operation::cancel)).kind() == busy); });
  CHECK(answer.kind() == succeeded);
  CHECK(pair.second.taken() == 1);
  CHECK(pair.second.perform(call_of(Operation::cancel)).kind() == succeeded);
  CHECK(pair.second.taken() == 0);
  CHECK(pair.first.perform(call_of(Operation::try_)).kind() == succeeded);
  CHECK(pair.first.taken() == 0);
}

TEST_CASE("G07 a cancel that comes first bars the try, whichever instance it reaches", "[sdk][barrier]") {
  Pair pair;
  CHECK(pair.first.perform(call_of(Operation::cancel)).kind() == succeeded);
  CHECK(pair.second.perform(call_of(Operation::try_)).kind() == refused);
  CHECK(pair.second.taken() == 0);
}

TEST_CASE("a busy database stores nothing and says busy, for every operation and for a check", "[sdk][barrier]") {
  Pair pair;
  sqlite::execute(pair.first.db(), "begin immediate");
  for (const Operation operation : {Operation::action, Operation::compensate, Operation::try_, Operation::confirm, Operation::cancel}) {
    CHECK(pair.second.perform(call_of(operation)).kind() == busy);
  }
  CHECK(sqlite::Barrier(pair.second.db()).answer_check(call_of(Operation::check)).kind() == busy);
  sqlite::execute(pair.first.db(), "rollback");
  CHECK(pair.second.rows() == 0);
}

TEST_CASE("what stays prepared on a connection of the pool is as good as new after calls that failed", "[sdk][barrier]") {
  Pair pair;
  const sqlite::Connections connections(pair.folder.file("bank.db"),
                                        sqlite::ConnectionOptions().busy_timeout(std::chrono::milliseconds(1)));
  const auto answer = [&](const char* gid, const Outcome& wanted) {
    const auto lease = connections.lease();
    return sqlite::Barrier(*lease)
        .run(call_of(Operation::action, Phase::forward, gid),
             [&](const std::string&) {
               sqlite::execute(lease->get(), "update account set balance = balance - 1");
               return wanted;
             })
        .kind();
  };
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    const std::string gid = "gid." + std::to_string(round);
    sqlite::execute(pair.first.db(), "begin immediate");
    CHECK(answer(gid.c_str(), Outcome::succeeded()) == busy);
    sqlite::execute(pair.first.db(), "rollback");
    CHECK(answer(gid.c_str(), Outcome::unavailable("not now")) == unavailable);
    CHECK(answer(gid.c_str(), Outcome::succeeded()) == succeeded);
    CHECK(answer(gid.c_str(), Outcome::succeeded()) == succeeded);
    CHECK(pair.first.rows() == round + 1);
    // Nothing is read or locked between two calls: others write, and the log of the database can be emptied.
    CHECK(sqlite3_wal_checkpoint_v2(pair.first.db(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) == SQLITE_OK);
  }
}

TEST_CASE("a statement that a handler leaves in the middle of its rows does not make later calls busy", "[sdk][barrier]") {
  Pair pair;
  const sqlite::Connections connections(pair.folder.file("bank.db"),
                                        sqlite::ConnectionOptions().busy_timeout(std::chrono::milliseconds(1)));
  sqlite3_stmt* left = nullptr;
  const auto careless = sqlite::behind_barrier(connections, [&](const sqlite::Call& call) {
    REQUIRE(sqlite3_prepare_v2(call.db(), "select * from account", -1, &left, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(left) == SQLITE_ROW);
    return Outcome::succeeded();
  });
  const auto careful = sqlite::behind_barrier(connections, [](const sqlite::Call&) { return Outcome::succeeded(); });
  CHECK(careless(call_of(Operation::action, Phase::forward, "first"), "{}").kind() == succeeded);
  sqlite::execute(pair.first.db(), "update account set balance = balance");
  CHECK(careful(call_of(Operation::action, Phase::forward, "second"), "{}").kind() == succeeded);
  sqlite3_finalize(left);
}

TEST_CASE("a barrier on a connection of yours leaves nothing prepared on it", "[sdk][barrier]") {
  const test::TemporaryFolder folder;
  {
    const Bank bank(folder.file("bank.db"));
  }
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(folder.file("bank.db").c_str(), &db) == SQLITE_OK);
  sqlite::Barrier barrier(db);
  CHECK(barrier.run(call_of(Operation::action), [](const std::string&) { return Outcome::succeeded(); }).kind() == succeeded);
  CHECK(sqlite3_next_stmt(db, nullptr) == nullptr);
  CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST_CASE("a busy second database inside the handler says busy and stores nothing", "[sdk][barrier]") {
  Pair pair;
  sqlite::execute(pair.first.db(), "begin immediate");
  const Bank own(":memory:");
  const auto answer = sqlite::Barrier(own.db()).run(call_of(Operation::action), [&](const std::string&) {
    own.change(Operation::action);
    sqlite::execute(pair.second.db(), "update account set balance = 0");
    return Outcome::succeeded();
  });
  CHECK(answer.kind() == busy);
  CHECK(own.rows() == 0);
  CHECK(own.taken() == 0);
}

TEST_CASE("a reader that blocks the commit of a rollback journal makes it busy, and nothing is stored", "[sdk][barrier]") {
  const test::TemporaryFolder folder;
  const Bank writer(folder.file("bank.db"), nullptr, "delete");
  const Bank reader(folder.file("bank.db"), nullptr, "delete");
  sqlite::execute(reader.db(), "begin; select * from account");
  CHECK(writer.perform(call_of(Operation::action)).kind() == busy);
  sqlite::execute(reader.db(), "rollback");
  CHECK(writer.rows() == 0);
  CHECK(writer.taken() == 0);
  CHECK(writer.perform(call_of(Operation::action)).kind() == succeeded);
}

TEST_CASE("a refusal rolls back exactly what the business did", "[sdk][barrier]") {
  const Bank bank(":memory:");
  CHECK(bank.perform(call_of(Operation::action), Outcome::refused("sold out")) == Outcome::refused("sold out"));
  CHECK(bank.taken() == 0);
  CHECK(bank.rows() == 1);
  CHECK(bank.number("select created_at from escrow_barrier") == 1000);
}

TEST_CASE("an exception rolls everything back and is unavailable", "[sdk][barrier]") {
  const Bank bank(":memory:");
  const auto answer = sqlite::Barrier(bank.db()).run(call_of(Operation::action), [&](const std::string&) -> Outcome {
    bank.change(Operation::action);
    throw std::runtime_error("boom");
  });
  CHECK(answer.kind() == unavailable);
  CHECK(bank.taken() == 0);
  CHECK(bank.rows() == 0);
  CHECK(sqlite3_get_autocommit(bank.db()) != 0);
}

TEST_CASE("a handler that ends the transaction itself is found out, and its effect still counts once", "[sdk][barrier]") {
  for (const std::string ending : {"commit", "rollback", "commit; begin immediate", "rollback; begin immediate"}) {
    for (const Outcome& says : {Outcome::succeeded("1"), Outcome::refused("no")}) {
      const Bank bank(":memory:");
      const auto answer = sqlite::Barrier(bank.db()).run(call_of(Operation::action), [&](const std::string&) {
        bank.change(Operation::action);
        sqlite::execute(bank.db(), ending);
        return says;
      });
      CHECK(answer.kind() == unavailable);
      CHECK(sqlite3_get_autocommit(bank.db()) != 0);
      (void)bank.perform(call_of(Operation::action));
      CHECK(bank.taken() == 1);
    }
  }
}

TEST_CASE("a connection with an open transaction is refused without touching that transaction", "[sdk][barrier]") {
  const Bank bank(":memory:");
  sqlite::execute(bank.db(), "begin; update account set balance = 5");
  CHECK(bank.perform(call_of(Operation::action)).kind() == unavailable);
  CHECK(sqlite3_get_autocommit(bank.db()) == 0);
  sqlite::execute(bank.db(), "commit");
  CHECK(bank.number("select balance from account") == 5);
}

TEST_CASE("without its table the barrier is unavailable and the business is not asked", "[sdk][barrier]") {
  const Bank bank(":memory:");
  sqlite::execute(bank.db(), "drop table escrow_barrier");
  CHECK(bank.perform(call_of(Operation::action)).kind() == unavailable);
  CHECK(bank.taken() == 0);
}

TEST_CASE("output of any bytes comes back as it was", "[sdk][barrier]") {
  const Bank bank(":memory:");
  const std::string output = "{\"text\":\"\\u0000 \xc3\xa9 ' -- \",\"n\":1.00}";
  CHECK(bank.perform(call_of(Operation::action), Outcome::succeeded(output)).output() == output);
  CHECK(bank.perform(call_of(Operation::action)).output() == output);
}

TEST_CASE("the schema may be made again, and every dialect has both tables", "[sdk][barrier]") {
  const Bank bank(":memory:");
  CHECK(sqlite::create_barrier_schema(bank.db()).has_value());
  for (const auto dialect : {SqlDialect::sqlite, SqlDialect::postgresql, SqlDialect::mysql}) {
    const std::string script(barrier_schema(dialect));
    CHECK(script.find("create table if not exists escrow_barrier (") != std::string::npos);
    CHECK(script.find("create table if not exists escrow_barrier_store (") != std::string::npos);
  }
}

TEST_CASE("a handler behind the barrier has the transaction, the payload and the forward output", "[sdk][barrier]") {
  const test::TemporaryFolder folder;
  const Bank watch(folder.file("bank.db"));
  const sqlite::Connections connections(folder.file("bank.db"));
  const auto take = sqlite::behind_barrier(connections, [](const sqlite::Call& call) {
    sqlite::Statement(call.db(), "update account set balance = balance - ?1").bind(std::stoi(call.payload())).run();
    return Outcome::succeeded("{\"took\":" + call.payload() + "}");
  });
  const auto give_back = sqlite::behind_barrier(connections, [](const sqlite::Call& call) {
    CHECK(call.forward_output() == "{\"took\":3}");
    CHECK(call.branch().operation() == Operation::compensate);
    sqlite::Statement(call.db(), "update account set balance = balance + ?1").bind(std::stoi(call.payload())).run();
    return Outcome::succeeded();
  });
  CHECK(take(call_of(Operation::action), "3").output() == "{\"took\":3}");
  CHECK(watch.taken() == 3);
  CHECK(give_back(call_of(Operation::compensate), "3").kind() == succeeded);
  CHECK(watch.taken() == 0);
}

TEST_CASE("a database that cannot be opened is unavailable", "[sdk][barrier]") {
  const sqlite::Connections connections("/nowhere/at/all/bank.db");
  const auto handler = sqlite::behind_barrier(connections, [](const sqlite::Call&) { return Outcome::succeeded(); });
  CHECK(handler(call_of(Operation::action), "").kind() == unavailable);
}

}  // namespace escrow
