#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "client-sdk/src/barrier/rules.hpp"
#include "tests/unit/client-sdk/participant/memory_rows.hpp"

namespace escrow {
namespace {

using barrier::Call;
using barrier::RowOutcome;
using test::Database;
using test::MemoryRows;

constexpr Call call(Operation operation, Phase phase = Phase::forward) { return {"g", "b", operation, phase}; }

/// One call as a participant makes it: forward takes 1, undo gives it back, confirm changes nothing that is counted here.
Outcome perform(Database& database, const Call& what, const Outcome& says = Outcome::succeeded("{\"n\":1}")) {
  MemoryRows rows(database);
  auto verdict = barrier::apply(rows, what, [&](const std::string&) {
    if (what.operation == Operation::action || what.operation == Operation::try_) ++rows.taken();
    if (what.operation == Operation::compensate || what.operation == Operation::cancel) --rows.taken();
    if (what.operation == Operation::confirm) rows.taken() += 100;
    return says;
  });
  if (verdict.commit) rows.commit();
  return verdict.answer;
}

const barrier::Row& row(const Database& database, const std::string& operation) { return database.rows.at({"g", "b", operation}); }

constexpr auto succeeded = Outcome::Kind::succeeded;
constexpr auto refused = Outcome::Kind::refused;
constexpr auto busy = Outcome::Kind::busy;
constexpr auto unavailable = Outcome::Kind::unavailable;

struct Pattern {
  Operation forward;
  Operation undo;
};
constexpr Pattern saga{Operation::action, Operation::compensate};
constexpr Pattern tcc{Operation::try_, Operation::cancel};

}  // namespace

TEST_CASE("H01 an undo without its forward succeeds, changes nothing and leaves a mark", "[sdk][barrier]") {
  for (const Pattern pattern : {saga, tcc}) {
    Database database;
    CHECK(perform(database, call(pattern.undo)).kind() == succeeded);
    CHECK(database.taken == 0);
    const std::string forward(protocol::to_string(pattern.forward));
    const std::string undo(protocol::to_string(pattern.undo));
    CHECK(row(database, forward).cause == undo);
    CHECK(row(database, forward).outcome == RowOutcome::none);
    CHECK(row(database, undo).outcome == RowOutcome::done);
  }
}

TEST_CASE("H02 and H07 a forward after its undo is barred and changes nothing", "[sdk][barrier]") {
  for (const Pattern pattern : {saga, tcc}) {
    Database database;
    (void)perform(database, call(pattern.undo));
    const Database before = database;
    for (const Phase phase : {Phase::forward, Phase::final}) {
      CHECK(perform(database, call(pattern.forward, phase)).kind() == refused);
      CHECK(database == before);
    }
  }
}

TEST_CASE("H03 a repeated forward has one effect and repeats its answer", "[sdk][barrier]") {
  for (const Pattern pattern : {saga, tcc}) {
    Database database;
    const auto first = perform(database, call(pattern.forward));
    CHECK(first == Outcome::succeeded("{\"n\":1}"));
    CHECK(perform(database, call(pattern.forward), Outcome::refused("sold out")) == first);
    CHECK(database.taken == 1);
  }
}

TEST_CASE("H04 a repeated undo or confirm has one effect and repeats its answer", "[sdk][barrier]") {
  for (const Pattern pattern : {saga, tcc}) {
    Database database;
    (void)perform(database, call(pattern.forward));
    CHECK(perform(database, call(pattern.undo), Outcome::succeeded("[2]")) == Outcome::succeeded("[2]"));
    CHECK(perform(database, call(pattern.undo), Outcome::succeeded("[3]")) == Outcome::succeeded("[2]"));
    CHECK(database.taken == 0);
  }
  Database database;
  (void)perform(database, call(Operation::try_));
  CHECK(perform(database, call(Operation::confirm), Outcome::succeeded("[2]")) == Outcome::succeeded("[2]"));
  CHECK(perform(database, call(Operation::confirm), Outcome::succeeded("[3]")) == Outcome::succeeded("[2]"));
  CHECK(database.taken == 101);
}

TEST_CASE("H05 a confirm without a try, or after a refused try, is refused", "[sdk][barrier]") {
  Database database;
  CHECK(perform(database, call(Operation::confirm)).kind() == refused);
  CHECK(database.rows.empty());
  (void)perform(database, call(Operation::try_), Outcome::refused("no money"));
  const Database before = database;
  CHECK(perform(database, call(Operation::confirm)).kind() == refused);
  CHECK(database == before);
}

TEST_CASE("H06 of confirm and cancel only the first has an effect", "[sdk][barrier]") {
  Database confirmed;
  (void)perform(confirmed, call(Operation::try_));
  (void)perform(confirmed, call(Operation::confirm));
  const Database before = confirmed;
  CHECK(perform(confirmed, call(Operation::cancel)).kind() == refused);
  CHECK(confirmed == before);
  CHECK(perform(confirmed, call(Operation::confirm)).kind() == succeeded);

  Database cancelled;
  (void)perform(cancelled, call(Operation::try_));
  (void)perform(cancelled, call(Operation::cancel));
  const Database after = cancelled;
  CHECK(perform(cancelled, call(Operation::confirm)).kind() == refused);
  CHECK(cancelled == after);
}

TEST_CASE("a confirm after a null cancel is refused", "[sdk][barrier]") {
  Database database;
  (void)perform(database, call(Operation::cancel));
  CHECK(perform(database, call(Operation::confirm)).kind() == refused);
  CHECK(database.taken == 0);
}

TEST_CASE("H08 the undo of a refused forward succeeds and changes nothing", "[sdk][barrier]") {
  for (const Pattern pattern : {saga, tcc}) {
    Database database;
    CHECK(perform(database, call(pattern.forward), Outcome::refused("sold out")) == Outcome::refused("sold out"));
    CHECK(database.taken == 0);
    CHECK(perform(database, call(pattern.undo)).kind() == succeeded);
    CHECK(perform(database, call(pattern.undo)).kind() == succeeded);
    CHECK(database.taken == 0);
    CHECK(perform(database, call(pattern.forward)) == Outcome::refused("sold out"));
    CHECK(database.taken == 0);
  }
}

TEST_CASE("a refusal in phase forward is kept and repeated, in phase final it is forgotten", "[sdk][barrier]") {
  Database database;
  CHECK(perform(database, call(Operation::action, Phase::final), Outcome::refused("closed")) == Outcome::refused("closed"));
  CHECK(database.rows.empty());
  CHECK(perform(database, call(Operation::action, Phase::final)).kind() == succeeded);
  CHECK(database.taken == 1);

  Database forward;
  (void)perform(forward, call(Operation::action), Outcome::refused("closed"));
  CHECK(perform(forward, call(Operation::action)) == Outcome::refused("closed"));
  CHECK(forward.taken == 0);
}

TEST_CASE("an undo or confirm that the business refuses leaves no row and may succeed later", "[sdk][barrier]") {
  for (const Operation second : {Operation::cancel, Operation::confirm}) {
    Database database;
    (void)perform(database, call(Operation::try_));
    const Database before = database;
    CHECK(perform(database, call(second), Outcome::refused("the account is locked")).kind() == refused);
    CHECK(database == before);
    CHECK(perform(database, call(second)).kind() == succeeded);
  }
}

TEST_CASE("what is neither yes nor no stores nothing", "[sdk][barrier]") {
  const std::vector<Outcome> others{Outcome::in_progress(), Outcome::busy("x"), Outcome::unavailable("x")};
  for (const Outcome& other : others) {
    Database database;
    CHECK(perform(database, call(Operation::try_), other) == other);
    CHECK(database == Database{});
    (void)perform(database, call(Operation::try_));
    const Database before = database;
    for (const Operation second : {Operation::cancel, Operation::confirm}) {
      CHECK(perform(database, call(second), other) == other);
      CHECK(database == before);
    }
  }
}

TEST_CASE("an exception in the business is unavailable, never a refusal", "[sdk][barrier]") {
  Database database;
  MemoryRows rows(database);
  auto verdict = barrier::apply(rows, call(Operation::action), [](const std::string&) -> Outcome { throw std::runtime_error("boom"); });
  CHECK_FALSE(verdict.commit);
  CHECK(verdict.answer.kind() == unavailable);

  MemoryRows others(database);
  verdict = barrier::apply(others, call(Operation::action), [](const std::string&) -> Outcome { throw 7; });
  CHECK_FALSE(verdict.commit);
  CHECK(verdict.answer.kind() == unavailable);
}

TEST_CASE("an undo and a confirm are given the output of their forward", "[sdk][barrier]") {
  for (const Operation second : {Operation::cancel, Operation::confirm}) {
    Database database;
    (void)perform(database, call(Operation::try_), Outcome::succeeded("{\"reservation\":42}"));
    MemoryRows rows(database);
    std::string given;
    (void)barrier::apply(rows, call(second), [&](const std::string& output) {
      given = output;
      return Outcome::succeeded();
    });
    CHECK(given == "{\"reservation\":42}");
  }
}

TEST_CASE("a branch never meets the rows of another branch or of a gid it is a prefix of", "[sdk][barrier]") {
  Database database;
  (void)perform(database, call(Operation::try_));
  for (const auto& [gid, branch] : std::vector<std::pair<std::string, std::string>>{{"g", "c"}, {"gg", "b"}, {"g", "bb"}}) {
    MemoryRows rows(database);
    bool ran = false;
    const auto verdict = barrier::apply(rows, {gid, branch, Operation::cancel, Phase::final}, [&](const std::string&) {
      ran = true;
      return Outcome::succeeded();
    });
    CHECK(verdict.answer.kind() == succeeded);
    CHECK_FALSE(ran);
  }
}

TEST_CASE("a failing database is never a definite answer, at whatever step it fails", "[sdk][barrier]") {
  const std::vector<std::vector<Operation>> histories{{}, {Operation::try_}, {Operation::cancel}, {Operation::try_, Operation::confirm}};
  for (const auto& history : histories) {
    for (const Operation operation : {Operation::try_, Operation::confirm, Operation::cancel}) {
      for (const Outcome& says : {Outcome::succeeded("1"), Outcome::refused("no")}) {
        Database database;
        for (const Operation earlier : history) (void)perform(database, call(earlier));
        MemoryRows whole(database);
        (void)barrier::apply(whole, call(operation), [&](const std::string&) { return says; });
        for (int step = 1; step <= whole.steps(); ++step) {
          for (const Errc failure : {Errc::busy, Errc::database}) {
            MemoryRows rows(database, step, failure);
            const auto verdict = barrier::apply(rows, call(operation), [&](const std::string&) { return says; });
            CHECK_FALSE(verdict.commit);
            CHECK(verdict.answer.kind() == (failure == Errc::busy ? busy : unavailable));
          }
        }
      }
    }
  }
}

TEST_CASE("G04 after a commit without a word, the row says what to answer", "[sdk][barrier]") {
  for (const Operation operation : {Operation::action, Operation::try_, Operation::confirm, Operation::cancel, Operation::compensate}) {
    Database lost;
    MemoryRows nothing(lost);
    CHECK(barrier::recall(nothing, call(operation)).kind() == unavailable);
  }

  Database kept;
  (void)perform(kept, call(Operation::try_), Outcome::succeeded("1"));
  MemoryRows after_try(kept);
  CHECK(barrier::recall(after_try, call(Operation::try_)) == Outcome::succeeded("1"));
  (void)perform(kept, call(Operation::confirm), Outcome::succeeded("2"));
  MemoryRows after_confirm(kept);
  CHECK(barrier::recall(after_confirm, call(Operation::confirm)) == Outcome::succeeded("2"));

  Database no;
  (void)perform(no, call(Operation::try_), Outcome::refused("sold out"));
  MemoryRows after_no(no);
  CHECK(barrier::recall(after_no, call(Operation::try_)) == Outcome::refused("sold out"));

  Database undone;
  (void)perform(undone, call(Operation::cancel));
  MemoryRows after_undo(undone);
  CHECK(barrier::recall(after_undo, call(Operation::cancel)) == Outcome::succeeded());
  MemoryRows barred(undone);
  CHECK(barrier::recall(barred, call(Operation::try_)).kind() == refused);

  MemoryRows unreadable(kept, 1, Errc::database);
  CHECK(barrier::recall(unreadable, call(Operation::try_)).kind() == unavailable);
}

TEST_CASE("a check is not a business operation", "[sdk][barrier]") {
  Database database;
  CHECK(perform(database, call(Operation::check)).kind() == unavailable);
  CHECK(database.rows.empty());
}

}  // namespace escrow
