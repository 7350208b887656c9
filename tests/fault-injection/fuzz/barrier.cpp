#include <escrow/barrier.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/statement.hpp>

#include "tests/fault-injection/fuzz/targets.hpp"

#include <sqlite3.h>

#include <array>
#include <memory>
#include <vector>

namespace escrow::fuzz {
namespace {

using Kind = Outcome::Kind;

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open() {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2("file:/fuzz-barrier?vfs=memdb", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, nullptr);
  check(code == SQLITE_OK, "no database");
  sqlite3_busy_timeout(db, 0);
  return Database(db);
}

constexpr std::array operations{Operation::try_, Operation::confirm, Operation::cancel, Operation::action, Operation::compensate};

bool is_forward(Operation operation) { return operation == Operation::try_ || operation == Operation::action; }
bool is_undo(Operation operation) { return operation == Operation::cancel || operation == Operation::compensate; }

/// One participant with two connections to its database, one call after another or one within another.
class Bench {
 public:
  Bench() : connections_{open(), open()} {
    check(sqlite::create_barrier_schema(connections_[0].get()).has_value(), "no tables");
    sqlite::execute(connections_[0].get(), "create table journal (branch text, operation text)");
  }

  void play(Input& in) {
    sqlite::execute(connections_[0].get(), "delete from journal; delete from escrow_barrier");
    answers_.clear();
    for (int i = 0; i < 24 && !in.is_empty(); ++i) call(in, 0);
    judge();
  }

 private:
  struct Answer {
    std::string branch;
    Operation operation;
    Kind kind;
    std::string output;
  };

  void call(Input& in, int depth) {
    const bool is_tcc = in.below(2) == 0;
    const std::string id = is_tcc ? "t" : "s";
    const std::uint8_t choice = in.byte();
    const Operation operation = is_tcc ? operations[choice % 3] : operations[3 + choice % 2];
    const bool is_final = !is_forward(operation) || choice % 16 == 15;
    const std::uint8_t business = in.byte();
    const Branch::Headers headers{{"Escrow-Gid", "g"},
                                  {"Escrow-Branch", id},
                                  {"Escrow-Operation", std::string(to_string(operation))},
                                  {"Escrow-Phase", is_final ? "final" : "forward"},
                                  {"Escrow-Attempt", "1"},
                                  {"Idempotency-Key", "g/" + id + "/" + std::string(to_string(operation))}};
    const auto branch = Branch::from_headers(headers);
    check(branch.has_value(), "a call that can't be read");
    sqlite3* const db = connections_[static_cast<std::size_t>(depth)].get();
    sqlite::Barrier barrier(db, [] { return std::int64_t{1}; });
    const Outcome outcome = barrier.run(*branch, [&](const std::string&) -> Outcome {
      sqlite::execute(db, "insert into journal values ('" + id + "', '" + std::string(to_string(operation)) + "')");
      // Another call on the other connection, while this one holds the database.
      if (business % 4 == 3 && depth == 0) call(in, 1);
      switch (business / 4 % 8) {
        case 0: return Outcome::refused("no");
        case 1: throw std::runtime_error("broken");
        case 2: return Outcome::busy();
        case 3: return Outcome::in_progress();
        default: return Outcome::succeeded("{\"n\":" + std::to_string(business) + "}");
      }
    });
    check(sqlite3_get_autocommit(db) != 0, "a connection comes back inside a transaction");
    answers_.push_back({id, operation, outcome.kind(), outcome.output()});
    if (outcome.is_definite()) repeat(*branch, outcome, db);
    judge();
  }

  /// What was answered for good is answered again, and nothing is done; a no in phase `final` may become a yes, which is asked elsewhere.
  void repeat(const Branch& branch, const Outcome& outcome, sqlite3* db) {
    if (branch.phase() == Phase::final && outcome.kind() == Kind::refused) return;
    bool was_done = false;
    sqlite::Barrier barrier(db, [] { return std::int64_t{2}; });
    const Outcome again = barrier.run(branch, [&](const std::string&) -> Outcome {
      was_done = true;
      return Outcome::succeeded();
    });
    check(!was_done, "S3: a repeat has an effect");
    check(again.kind() == outcome.kind() && again.output() == outcome.output(), "a repeat is answered otherwise");
  }

  int effects(const std::string& branch, std::string_view operation) {
    sqlite::Statement count(connections_[0].get(), "select count(*) from journal where branch = ?1 and operation = ?2");
    count.bind(branch, operation);
    check(count.next(), "no count");
    return static_cast<int>(count.integer(0));
  }

  /// From the journal that business changes leave, and from what was answered.
  void judge() {
    for (const std::string id : {"t", "s"}) {
      const bool is_tcc = id == "t";
      const int forward = effects(id, is_tcc ? "try" : "action");
      const int confirm = is_tcc ? effects(id, "confirm") : 0;
      const int undo = effects(id, is_tcc ? "cancel" : "compensate");
      check(forward <= 1 && confirm <= 1 && undo <= 1, "S3: an effect twice");
      check(confirm == 0 || undo == 0, "S2: confirmed and undone");
      check(confirm + undo <= forward, "S4: a second phase without the first");
      bool was_undone = false;
      for (const Answer& answer : answers_) {
        if (answer.branch != id) continue;
        if (is_undo(answer.operation) && answer.kind == Kind::succeeded) was_undone = true;
      }
      // S5, S6: undone, with an effect to undo or with none, and from then on none comes.
      if (was_undone) check(undo == forward, "S6: an effect stands behind its undo");
    }
  }

  std::array<Database, 2> connections_;
  std::vector<Answer> answers_;
};

}  // namespace

/// Calls of two branches, a tcc one and a saga one, in any order, on two connections, the second within the first; whose business changes
/// succeed, refuse, throw or are busy.
void barrier(std::string_view input) {
  static Bench bench;
  Input in(input);
  bench.play(in);
}

}  // namespace escrow::fuzz
