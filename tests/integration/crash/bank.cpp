#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>

#include "escrow/participant_server.hpp"
#include "escrow/schema.hpp"
#include "escrow/sqlite/connections.hpp"
#include "escrow/sqlite/handlers.hpp"
#include "escrow/sqlite/statement.hpp"

/// A participant for the crash test: one account, and a journal that says what every call really did. `bank PATH` serves until it is
/// killed and prints its URL. Every third gid is answered 503 at first, so that there is always something unfinished; a branch whose id
/// begins with "no" is refused.
namespace {

using escrow::Branch;
using escrow::Outcome;
using escrow::sqlite::Call;
using escrow::sqlite::Statement;

bool is_slow(const Branch& branch) { return std::hash<std::string>{}(branch.idempotency_key()) % 3 == 0 && branch.attempt() < 3; }

void record(const Call& call, const char* operation, int moved) {
  // One row an effect; a second one of the same operation would be a second effect, so nothing here is unique.
  Statement(call.db(), "insert into journal (gid, branch, operation, moved) values (?1, ?2, ?3, ?4)")
      .bind(call.branch().gid(), call.branch().id(), operation, moved)
      .run();
  Statement(call.db(), "update account set balance = balance + ?1").bind(moved).run();
}

escrow::sqlite::LocalHandler effect(const char* operation, int moved, bool may_refuse) {
  return [operation, moved, may_refuse](const Call& call) {
    if (is_slow(call.branch())) return Outcome::unavailable("slow today");
    if (may_refuse && call.branch().id().starts_with("no")) return Outcome::refused("not for you");
    record(call, operation, moved);
    return Outcome::succeeded();
  };
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const escrow::sqlite::Connections connections(arguments[1], escrow::sqlite::ConnectionOptions().prepare([](sqlite3* db) {
    escrow::sqlite::execute(
        db,
        "create table if not exists journal (gid text not null, branch text not null, operation text not null, moved integer not null);"
        "create table if not exists account (only integer primary key check (only = 1), balance integer not null);"
        "insert or ignore into account values (1, 0);");
    if (const auto made = escrow::sqlite::create_barrier_schema(db); !made) throw std::runtime_error(made.error().detail);
  }));
  escrow::ParticipantServer server(escrow::ServerOptions().threads(4).log([](const std::string&) {}));
  using escrow::sqlite::behind_barrier;
  server.on_action("/act", behind_barrier(connections, effect("action", 1, true)));
  server.on_compensate("/undo", behind_barrier(connections, effect("compensate", -1, false)));
  server.on_try("/try", behind_barrier(connections, effect("try", 1, true)));
  server.on_confirm("/confirm", behind_barrier(connections, effect("confirm", 0, false)));
  server.on_cancel("/cancel", behind_barrier(connections, effect("cancel", -1, false)));
  server.on_message("/deliver", behind_barrier(connections, effect("deliver", 1, false)));
  // Until the test ends us; our standard input says nothing about it.
  const auto ran = server.run([](const std::string& url) {
    std::printf("%s\n", url.c_str());
    std::fflush(stdout);
  });
  return ran ? 0 : 1;
}
