#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/stage.hpp"

using namespace escrow;
using namespace escrow::processes;
namespace fs = std::filesystem;

/// The way from files to a verdict can find what is wrong: what real processes left behind, changed in one place by SQL, is found each time
/// by the oracle whose business it is.
namespace {

enum class In { log, service, other_service };

struct Forgery {
  const char* what;
  In in;
  const char* sql;
  const char* oracle;
};

constexpr const char* journal = "journal (at_ns, gid, branch, operation, account, available, reserved, moved)";
constexpr const char* columns = "gid, branch, operation, account, available, reserved, moved from journal";

const std::vector<Forgery> forgeries{
    {"a branch that did nothing although its transaction committed", In::service,
     "delete from journal where operation = 'confirm' and gid = 't2'", "S1"},
    {"an undo beside a confirm", In::service, "update journal set operation = 'cancel' where operation = 'confirm' and gid = 't2'", "S2"},
    {"an effect twice", In::service, "insert into JOURNAL select at_ns + 1, COLUMNS where operation = 'action' and gid = 't0' limit 1",
     "S3"},
    {"a second phase without the first", In::service, "delete from journal where operation = 'try' and gid = 't2'", "S4"},
    {"a null compensation without its mark", In::service,
     "delete from journal where operation = 'try' and gid = 't4';"
     "delete from escrow_barrier where operation = 'try' and gid = 't4'",
     "S5"},
    {"a try behind its cancel", In::service,
     "update journal set at_ns = (select max(at_ns) + 1000000000 from journal) where operation = 'try' and gid = 't4'", "S6"},
    {"undos in the order of the actions", In::other_service,
     "update journal set at_ns = at_ns + 1000000000 where operation = 'compensate' and gid = 't1'", "S7"},
    {"money from nowhere", In::service, "update accounts set available = available + 1 where account = 0", "S8"},
    {"money that moved without a record of it", In::service,
     "update journal set moved = moved + 1, available = available - 1 where operation = 'confirm' and gid = 't2'", "S8"},
    {"an acknowledged transaction that is gone", In::log,
     "delete from audit where gid = 't0'; pragma foreign_keys = off; delete from transactions where gid = 't0'", "S9"},
    {"a log that took something back", In::log,
     "update audit set audit = audit + 1000000 where audit = (select min(audit) from audit where gid = 't1' and revision = 2)", "S11"},
    {"a write of an earlier run behind a later one's", In::log,
     "update audit set meta_run = meta_run + 1 where gid = 't1' and revision = 2", "S12"},
    {"an effect that nobody declared", In::service,
     "insert into JOURNAL select at_ns, gid, 'b7', operation, account, 0, 0, 0 from journal where gid = 't0' limit 1", "S15"},
    {"a refusal of what was done", In::service, "update escrow_barrier set outcome = 'refused' where operation = 'action' and gid = 't0'",
     "S17"},
    {"a row that is not what was written", In::log, "delete from audit where gid = 't0' and status = 'committed'", "S18"},
    {"a row whose words were changed", In::log, "update transactions set status = 'aborted' where gid = 't0'", "files"},
    {"a row in the audit that was changed", In::log, "update audit set state = '{}' where gid = 't0' and revision = 2", "files"},
    {"a branch's row without its transaction", In::log, "pragma foreign_keys = off; delete from transactions where gid = 't0'", "files"},
    {"a transaction that never ends", In::log,
     "delete from audit where gid = 't0' and revision > 1;"
     "update transactions set revision = old.revision, run = old.run, status = old.status, attention = old.attention,"
     " updated_at_ms = old.updated_at_ms, finished_at_ms = null, due_at_ms = old.due_at_ms, checksum = old.checksum, state = old.state"
     " from (select * from audit where gid = 't0' and revision = 1) as old where transactions.gid = 't0'",
     "L1"},
    {"an effect of a stranger", In::service,
     "insert into JOURNAL select at_ns, 'stranger', branch, operation, account, 0, 0, 0 from journal where gid = 't0' limit 1", "files"},
    {"a word that nobody knows", In::service,
     "pragma ignore_check_constraints = on; update escrow_barrier set outcome = 'perhaps' where gid = 't0'", "files"},
    {"an effect without its row in the barrier", In::service, "delete from escrow_barrier where operation = 'confirm' and gid = 't2'",
     "files"},
    {"a log without an audit", In::log, "delete from audit", "files"},
};

std::string with(std::string text, const std::string& word, const std::string& meaning) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) text.replace(at, word.size(), meaning);
  return text;
}

void empty_write_ahead_log(const std::string& path) { DatabaseFile(path).rows("pragma wal_checkpoint(truncate)"); }

bool has(const oracles::Violations& violations, const std::string& oracle) {
  return std::ranges::any_of(violations, [&](const auto& one) { return one.oracle == oracle; });
}

}  // namespace

TEST_CASE("what real processes left is found wrong by its oracle wherever somebody changes it", "[process]") {
  Stage stage;
  stage.play(Family::saga);
  stage.play(Family::tcc);
  stage.play(Family::message);
  REQUIRE(stage.verdict() == "");
  const std::vector<std::string> names{"escrow.db", "service0.db", "service1.db"};
  for (const std::string& name : names) empty_write_ahead_log(stage.workplace().path(name));
  const Workplace copies;
  for (const Forgery& forgery : forgeries) {
    INFO(forgery.what);
    for (const std::string& name : names) {
      for (const char* beside : {"-wal", "-shm"}) fs::remove(copies.path(name + beside));
      fs::copy_file(stage.workplace().path(name), copies.path(name), fs::copy_options::overwrite_existing);
    }
    const std::string sql = with(with(forgery.sql, "JOURNAL", journal), "COLUMNS", columns);
    DatabaseFile(copies.path(names[static_cast<std::size_t>(forgery.in)])).rows(sql);
    const auto observed =
        observe(stage.witness(), copies.path("escrow.db"), {copies.path("service0.db"), copies.path("service1.db")}, stage.plans());
    const auto violations = judge(observed, stage.plans());
    INFO(text_of(violations));
    CHECK(has(violations, forgery.oracle));
  }
}

TEST_CASE("an end that was not planned, and one that clients were not told, are found", "[process]") {
  Stage stage;
  stage.play(Family::saga);
  REQUIRE(stage.verdict() == "");
  auto plans = stage.plans();
  plans.front().outcome = protocol::Status::aborted;
  CHECK(has(judge(stage.observed(), plans), "outcome"));
  Observed deaf = stage.observed();
  deaf.history.told.clear();
  CHECK(has(judge(deaf, stage.plans()), "files"));
  // Who was told that it ended otherwise.
  Observed other = stage.observed();
  auto wrong = std::make_shared<core::Transaction>();
  wrong->status = protocol::Status::aborted;
  for (sim::Told& told : other.history.told) {
    if (told.transaction == 0 && told.value) told.value = wrong;
  }
  CHECK(has(judge(other, stage.plans()), "S9"));
}
