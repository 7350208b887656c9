#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>

#include "coordinator/faults/fault_point.hpp"
#include "escrow/error.hpp"
#include "escrow/message_check.hpp"
#include "escrow/participant_server.hpp"
#include "escrow/schema.hpp"
#include "escrow/sqlite/connections.hpp"
#include "escrow/sqlite/handlers.hpp"
#include "escrow/sqlite/statement.hpp"
#include "tests/fault-injection/sim/books.hpp"

/// A participant for tests with real processes: `escrow-fault-service PATH PORT` keeps two accounts in an SQLite file behind the SDK's
/// barrier, and a journal that says what each call really did. It prints its URL and serves until it is ended. Its payloads are
/// `[account, amount, arrives, refused]`. Where the tests have failpoints, it has two: `service.before`, in the local transaction, and
/// `service.after`, when that has been committed and nobody has been answered.
namespace {

using escrow::Branch;
using escrow::Outcome;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;
namespace sim = escrow::sim;

constexpr const char* schema =
    "create table if not exists journal (id integer primary key, at_ns integer not null, gid text not null, branch text not null,"
    " operation text not null, account integer not null, available integer not null, reserved integer not null, moved integer not null);"
    "create table if not exists accounts (account integer primary key, initial integer not null, available integer not null,"
    " reserved integer not null);"
    "insert or ignore into accounts values (0, 1000000, 1000000, 0), (1, 1000000, 1000000, 0);";

/// Whose local transaction this thread is about to commit.
thread_local std::string committing;

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int on_committed(void*, sqlite3* db, const char*, int pages) {
  if (!committing.empty()) ESCROW_FAULT_POINT("service.after", committing);
  committing.clear();
  // What SQLite would do by itself if nobody had taken its place here.
  if (pages >= 1'000) sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return SQLITE_OK;
}

struct Wanted {
  sim::Movement movement;
  bool is_refused = false;
};

Wanted read(const std::string& payload) {
  long long amount = 0;
  int account = 0;
  int arrives = 0;
  int refused = 0;
  if (std::sscanf(payload.c_str(), "[%d,%lld,%d,%d]", &account, &amount, &arrives, &refused) != 4)
    throw std::runtime_error("what payload?");
  return {{account, amount, arrives != 0}, refused != 0};
}

/// One row for each effect; a second one of the same operation would be a second effect, so nothing here is unique.
void record(sqlite3* db, const std::string& gid, const std::string& branch, const std::string& operation, const sim::Posting& posting) {
  Statement(
      db,
      "insert into journal (at_ns, gid, branch, operation, account, available, reserved, moved) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(now_ns(), gid, branch, operation, posting.account, posting.available, posting.reserved, posting.moved)
      .run();
  Statement(db, "update accounts set available = available + ?2, reserved = reserved + ?3 where account = ?1")
      .bind(posting.account, posting.available, posting.reserved)
      .run();
}

Outcome serve(const Call& call) {
  const Branch& branch = call.branch();
  const Wanted wanted = read(call.payload());
  if (wanted.is_refused && branch.phase() == escrow::Phase::forward) return Outcome::refused("as it was told to");
  const sim::Posting posting = sim::posting_of(branch.operation(), wanted.movement);
  record(call.db(), branch.gid(), branch.id(), std::string(escrow::protocol::to_string(branch.operation())), posting);
  committing = branch.idempotency_key();
  ESCROW_FAULT_POINT("service.before", committing);
  return Outcome::succeeded("{\"done\":true}");
}

/// The initiator of two-phase messages: its local transaction, and what it says of it. Body: the gid.
escrow::HttpAnswer initiate(const escrow::sqlite::Connections& connections, const std::string& gid) {
  const auto lease = connections.lease();
  if (!lease) return escrow::problem_answer(503, "busy", lease.error().detail);
  sqlite3* db = lease->get();
  escrow::sqlite::execute(db, "begin immediate");
  const auto recorded = escrow::sqlite::record_message(db, gid);
  if (!recorded) {
    escrow::sqlite::execute(db, "rollback");
    if (recorded.error().code == escrow::Errc::message_recorded) return escrow::json_answer(200, "{}");
    if (recorded.error().code == escrow::Errc::message_aborted) return escrow::problem_answer(409, "aborted", "a check came first");
    return escrow::problem_answer(503, "busy", recorded.error().detail);
  }
  record(db, gid, "", "message", {0, -1, 0, 1});
  committing = gid + "/message";
  ESCROW_FAULT_POINT("service.before", committing);
  escrow::sqlite::execute(db, "commit");
  return escrow::json_answer(200, "{}");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const escrow::sqlite::Connections connections(
      arguments[1], escrow::sqlite::ConnectionOptions().busy_timeout(std::chrono::milliseconds(2'000)).prepare([](sqlite3* db) {
        escrow::sqlite::execute(db, schema);
        if (const auto made = escrow::sqlite::create_barrier_schema(db); !made) throw std::runtime_error(made.error().detail);
        sqlite3_wal_hook(db, on_committed, nullptr);
      }));
  escrow::ParticipantServer server(escrow::ServerOptions()
                                       .threads(4)
                                       .listen("127.0.0.1", static_cast<std::uint16_t>(std::atoi(arguments[2])))
                                       .log([](const std::string&) {}));
  const auto behind = escrow::sqlite::behind_barrier(connections, serve);
  server.on_action("/action", behind).on_compensate("/compensate", behind);
  server.on_try("/try", behind).on_confirm("/confirm", behind).on_cancel("/cancel", behind);
  server.on_message("/deliver", behind);
  server.on_check("/check", escrow::sqlite::message_check(connections));
  server.on_post("/initiate", [&](const escrow::HttpRequest& request) { return initiate(connections, request.body()); });
  const auto ran = server.run([](const std::string& url) {
    std::printf("service at %s\n", url.c_str());
    std::fflush(stdout);
  });
  return ran ? 0 : 1;
}
