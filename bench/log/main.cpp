#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "coordinator/store/checksum.hpp"

/// Makes a coordinator's log large: copies of two transactions that a real coordinator wrote, one finished and one waiting, each copy with
/// a gid of its own. SQL does it, with one function for the rows' checksums (docs/log-format.md).
namespace {

constexpr const char* finished_gid = "template-finished";
constexpr const char* waiting_gid = "template-waiting";

/// checksum(FORM, field...): FORM has a letter for each field, '?' for one that may be null and '.' for any other.
void checksum(sqlite3_context* context, int count, sqlite3_value** values) {
  const std::string_view form(reinterpret_cast<const char*>(sqlite3_value_text(values[0])),
                              static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
  escrow::store::Checksum sum;
  for (int i = 1; i < count; ++i) {
    const bool is_null = sqlite3_value_type(values[i]) == SQLITE_NULL;
    if (form[static_cast<std::size_t>(i - 1)] == '?') sum.add(std::int64_t{is_null ? 0 : 1});
    if (is_null) continue;
    if (sqlite3_value_type(values[i]) == SQLITE_INTEGER) {
      sum.add(std::int64_t{sqlite3_value_int64(values[i])});
      continue;
    }
    const auto* const bytes = static_cast<const char*>(sqlite3_value_blob(values[i]));
    sum.add(std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(values[i]))));
  }
  sqlite3_result_int64(context, sum.value());
}

void require(sqlite3* log, bool held) {
  if (!held) throw std::runtime_error(sqlite3_errmsg(log));
}

sqlite3_int64 run(sqlite3* log, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  require(log, sqlite3_prepare_v2(log, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  int code = SQLITE_ROW;
  sqlite3_int64 answer = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) answer = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  require(log, code == SQLITE_DONE);
  return answer;
}

/// Without it a change of the format would show as a log full of damaged rows.
void check_template(sqlite3* log) {
  const auto differing =
      "SELECT (SELECT count(*) FROM transactions WHERE checksum <> checksum('.....?...??.', gid, revision, run, status, mode, name,"
      " attention, started_at_ms, updated_at_ms, finished_at_ms, due_at_ms, state)) + (SELECT count(*) FROM requests JOIN transactions ON"
      " id = transaction_id WHERE requests.checksum <> checksum('...', gid, 'request', request)) + (SELECT count(*) FROM branches JOIN"
      " transactions ON id = transaction_id WHERE branches.checksum <> checksum('...?', gid, branch, request, payload)) + (SELECT count(*)"
      " FROM outputs JOIN transactions ON id = transaction_id WHERE outputs.checksum <> checksum('.....', gid, branch, role,"
      " outputs.revision, output))";
  if (run(log, differing) != 0) throw std::runtime_error("the template's rows have other checksums than docs/log-format.md says");
}

/// `count` copies of transaction `gid`, a hundred of them started in each millisecond after it.
void copy(sqlite3* log, const std::string& gid, const std::string& count) {
  const std::string id = std::to_string(run(log, "SELECT id FROM transactions WHERE gid = '" + gid + "'"));
  const std::string last_id = std::to_string(run(log, "SELECT max(id) FROM transactions"));
  const std::string last_seq = std::to_string(run(log, "SELECT max(seq) FROM history"));
  // What is copied lies beside the log: a statement that reads where it writes would put all of it aside first.
  for (const std::string table : {"requests", "branches", "outputs", "history", "transactions"}) {
    run(log, "DROP TABLE IF EXISTS temp.one_of_" + table);
    run(log, "CREATE TEMP TABLE one_of_" + table + " AS SELECT * FROM " + table + " WHERE " +
                 (table == "transactions" ? "id" : "transaction_id") + " = " + id);
  }
  const std::string before = std::to_string(run(log, "SELECT min(seq - json_array_length(events)) FROM one_of_history"));
  const std::string events = std::to_string(run(log, "SELECT max(seq) - " + before + " FROM one_of_history"));
  run(log, "DROP TABLE IF EXISTS temp.made");
  run(log, "CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + count + ") SELECT " +
               last_id + " + i AS id, '" + gid + "' || printf('-%010d', i) AS gid, i FROM n");
  run(log,
      "INSERT INTO transactions SELECT id, gid, revision, run, status, mode, name, attention, started_at_ms, updated_at_ms,"
      " finished_at_ms, due_at_ms, checksum('.....?...??.', gid, revision, run, status, mode, name, attention, started_at_ms,"
      " updated_at_ms, finished_at_ms, due_at_ms, state), state FROM (SELECT m.id, m.gid, revision, run, status, mode, name, attention,"
      " started_at_ms + i / 100 AS started_at_ms, updated_at_ms + i / 100 AS updated_at_ms, finished_at_ms + i / 100 AS"
      " finished_at_ms, due_at_ms, state FROM temp.made m, temp.one_of_transactions)");
  run(log,
      "INSERT INTO requests SELECT id, checksum('...', gid, 'request', request), request FROM (SELECT m.id, m.gid, replace(request, '" +
          gid + "', m.gid) AS request FROM temp.made m, temp.one_of_requests)");
  run(log,
      "INSERT INTO branches SELECT m.id, branch, checksum('...?', m.gid, branch, request, payload), request, payload FROM temp.made m,"
      " temp.one_of_branches");
  run(log,
      "INSERT INTO outputs SELECT m.id, branch, role, revision, checksum('.....', m.gid, branch, role, revision, output), output FROM"
      " temp.made m, temp.one_of_outputs");
  run(log, "INSERT INTO history SELECT " + last_seq + " + (i - 1) * " + events + " + seq - " + before +
               ", m.id, events FROM temp.made m, temp.one_of_history");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Makes a coordinator's log large"};
  std::string path, finished = "0", waiting = "0";
  app.add_option("--log", path, "a closed log with the two templates, grown in place")->required();
  app.add_option("--finished", finished)->check(CLI::NonNegativeNumber);
  app.add_option("--waiting", waiting)->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  sqlite3* log = nullptr;
  try {
    require(log, sqlite3_open_v2(path.c_str(), &log, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
    require(log, sqlite3_create_function_v2(log, "checksum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, checksum, nullptr, nullptr,
                                            nullptr) == SQLITE_OK);
    check_template(log);
    // Nothing is lost with this file: whoever made it makes it again.
    for (const char* pragma : {"journal_mode = OFF", "synchronous = OFF", "cache_size = -500000", "temp_store = FILE"}) {
      run(log, std::string("PRAGMA ") + pragma);
    }
    run(log, "BEGIN");
    if (finished != "0") copy(log, finished_gid, finished);
    if (waiting != "0") copy(log, waiting_gid, waiting);
    run(log, "COMMIT");
    run(log, "PRAGMA journal_mode = WAL");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), failure.what());
    return 1;
  }
  sqlite3_close(log);
  return 0;
}
