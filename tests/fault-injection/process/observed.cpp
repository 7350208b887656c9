#include "tests/fault-injection/process/observed.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <tuple>
#include <utility>

#include "coordinator/store/sqlite/connection.hpp"
#include "coordinator/store/sqlite/reader.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/process/database.hpp"

namespace escrow::processes {
namespace {

using protocol::OperationName;
using What = sim::Committed::What;
namespace sqlite = store::sqlite;

constexpr const char* audit_columns =
    "id, gid, revision, run, status, mode, name, attention, started_at_ms, updated_at_ms, finished_at_ms, due_at_ms, checksum, state";

std::string trigger(const std::string& name, const std::string& event) {
  std::string values = audit_columns;
  for (std::size_t at = 0; at != std::string::npos;) {
    values.insert(at, "new.");
    at = values.find(", ", at);
    if (at != std::string::npos) at += 2;
  }
  return "CREATE TRIGGER " + name + " AFTER " + event + " ON transactions BEGIN INSERT INTO audit (at_ms, meta_run, " + audit_columns +
         ") VALUES (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER), (SELECT run FROM meta), " + values + "); END;";
}

/// What happened, before it has a place among the rest.
struct Placed {
  std::int64_t ms = 0;
  /// Questions, then writes, then everything else.
  int rank = 0;
  std::int64_t fine = 0;
  std::function<void(sim::History&, core::Time)> add;

  [[nodiscard]] auto place() const { return std::tuple(ms, rank, fine); }
};

constexpr std::int64_t ns_per_ms = 1'000'000;

class Observer {
 public:
  void clients(const Witness& witness) {
    for (const AskedNote& note : witness.asked()) {
      put(note.at_ns / ns_per_ms, 0, note.at_ns,
          [asked = note.asked](sim::History& history, core::Time at) { history.add(history.asked, at, asked); });
    }
    for (const ToldNote& note : witness.told()) {
      sim::Told told = note.told;
      if (note.status) {
        auto value = std::make_shared<core::Transaction>();
        value->status = *note.status;
        told.value = std::move(value);
      }
      put(note.at_ns / ns_per_ms, 2, note.at_ns,
          [told = std::move(told)](sim::History& history, core::Time at) { history.add(history.told, at, told); });
    }
  }

  void log(const std::string& path) {
    {
      DatabaseFile file(path);
      for (const auto& row : file.rows("pragma integrity_check")) {
        if (row[0] != "ok") observed.faults.push_back("the log: " + row[0]);
      }
      for (const auto& row : file.rows("pragma foreign_key_check"))
        observed.faults.push_back("the log: a row of " + row[0] + " belongs to nobody");
    }
    auto connection = sqlite::Connection::open(path, sqlite::Connection::Access::read_write, nullptr);
    if (!connection) {
      observed.faults.push_back("the log: " + connection.error().detail);
      return;
    }
    sqlite::Loader loader(*connection);
    // The order of the log is that of its numbers; a clock that was set back must not change it.
    std::int64_t latest_ms = 0;
    sqlite::Statement audit(*connection, std::string("SELECT ") + sqlite::transaction_columns +
                                             ", t.at_ms, t.meta_run, t.audit FROM audit AS t ORDER BY t.audit");
    for (sqlite::Rows rows(audit); rows.next();) {
      auto value = load(loader, audit);
      if (!value) continue;
      latest_ms = std::max(latest_ms, audit.number(14));
      sim::Written written;
      written.run = audit.number(15);
      written.transaction = ordinal(value->gid().text(), path);
      written.value = std::move(value);
      put(latest_ms, 1, audit.number(16), [written](sim::History& history, core::Time at) { history.add(history.written, at, written); });
    }
    sqlite::Statement last(*connection, std::string("SELECT ") + sqlite::transaction_columns + " FROM transactions AS t");
    for (sqlite::Rows rows(last); rows.next();) {
      if (auto value = load(loader, last)) observed.history.log.push_back(std::move(value));
    }
  }

  void service(int number, const std::string& path) {
    // It makes its file when it is called for the first time.
    if (!std::filesystem::exists(path)) return;
    DatabaseFile file(path);
    if (const auto check = file.rows("pragma integrity_check"); check[0][0] != "ok") observed.faults.push_back(path + ": " + check[0][0]);
    for (const auto& row :
         file.rows("select at_ns, gid, branch, operation, account, available, reserved, moved from journal order by id")) {
      const std::int64_t at_ns = std::stoll(row[0]);
      sim::Committed committed = local(number, row[1], row[2], row[3], path);
      committed.what = row[3] == "message" ? What::message : What::effect;
      committed.posting = {std::stoi(row[4]), std::stoll(row[5]), std::stoll(row[6]), std::stoll(row[7])};
      put(at_ns, committed);
    }
    for (const auto& row : file.rows("select gid, branch, operation, cause, outcome, created_at from escrow_barrier")) {
      observed.history.rows.push_back(
          {number, ordinal(row[0], path), sim::ordinal_of(row[1]), word(row[2], path), word(row[3], path), word(row[4], path)});
      const std::int64_t at_ns = std::stoll(row[5]) * ns_per_ms;
      if (row[4] == "refused") {
        sim::Committed committed = local(number, row[0], row[1], row[2], path);
        committed.what = What::refused;
        put(at_ns, committed);
      } else if (row[4] == "none" && row[3] == "check") {
        sim::Committed committed = local(number, row[0], "", "check", path);
        committed.what = What::barred;
        put(at_ns, committed);
      } else if (row[4] == "none") {
        // The mark says whose undo left it.
        sim::Committed committed = local(number, row[0], row[1], row[3], path);
        committed.what = What::mark;
        put(at_ns, committed);
      }
    }
    for (const auto& row : file.rows("select gid, branch, operation from journal as j where operation <> 'message' and not exists"
                                     " (select 1 from escrow_barrier as b where b.gid = j.gid and b.branch = j.branch"
                                     " and b.operation = j.operation)")) {
      observed.faults.push_back(path + ": " + row[0] + "/" + row[1] + "/" + row[2] + " took effect beside the barrier");
    }
    for (const auto& row : file.rows("select account, initial, available, reserved from accounts")) {
      sim::Account account;
      account.service = number;
      account.account = std::stoi(row[0]);
      account.initial = std::stoll(row[1]);
      account.balance = {std::stoll(row[2]), std::stoll(row[3])};
      observed.history.accounts.push_back(account);
    }
  }

  void finish() {
    std::ranges::stable_sort(placed_, {}, [](const Placed& one) { return one.place(); });
    for (const Placed& one : placed_) one.add(observed.history, core::from_ms(one.ms));
  }

  Observed observed;
  bool shares_clock = true;

 private:
  std::shared_ptr<const core::Transaction> load(sqlite::Loader& loader, const sqlite::Statement& statement) {
    auto row = sqlite::row_of(statement);
    const std::string gid = row.row.gid + " revision " + std::to_string(row.row.revision);
    auto value = loader.whole(std::move(row));
    if (value) return std::make_shared<const core::Transaction>(*std::move(value));
    observed.faults.push_back("the log: " + gid + ": " + value.error().detail);
    return nullptr;
  }

  /// Nobody judges a record that belongs to no transaction, so there must be none.
  int ordinal(const std::string& gid, const std::string& path) {
    const int transaction = sim::ordinal_of(gid);
    if (transaction < 0) observed.faults.push_back(path + ": a record of " + gid + ", which nobody planned");
    return transaction;
  }

  sim::Committed local(int service, const std::string& gid, const std::string& branch, const std::string& operation,
                       const std::string& path) {
    sim::Committed committed;
    committed.service = service;
    committed.transaction = ordinal(gid, path);
    committed.branch = sim::ordinal_of(branch);
    const auto known = protocol::from_string<OperationName>(operation);
    if (!known && operation != "message") observed.faults.push_back(path + ": " + gid + " has an operation called " + operation);
    committed.operation = known.value_or(OperationName::check);
    return committed;
  }

  /// The history holds words of the program.
  std::string_view word(const std::string& text, const std::string& path) {
    constexpr std::array<std::string_view, 12> words{"action",  "try",    "confirm", "cancel",  "compensate", "check",
                                                     "message", "commit", "done",    "refused", "none",       ""};
    const auto* const found = std::ranges::find(words, text);
    if (found == words.end()) observed.faults.push_back(path + ": nobody knows the word " + text);
    return found == words.end() ? std::string_view() : *found;
  }

  void put(std::int64_t ms, int rank, std::int64_t fine, std::function<void(sim::History&, core::Time)> add) {
    // Before everything that anybody else's clock says.
    if (!shares_clock && rank < 2) ms = rank - 2;
    placed_.push_back({ms, rank, fine, std::move(add)});
  }
  void put(std::int64_t at_ns, const sim::Committed& committed) {
    put(at_ns / ns_per_ms, 2, at_ns, [committed](sim::History& history, core::Time at) { history.add(history.committed, at, committed); });
  }

  std::vector<Placed> placed_;
};

constexpr std::array judged{oracles::s1_atomicity,
                            oracles::s2_no_mixed_decision,
                            oracles::s3_exactly_once,
                            oracles::s4_no_second_phase_without_first,
                            oracles::s5_null_compensation,
                            oracles::s6_no_hanging,
                            oracles::s7_reverse_order,
                            oracles::s8_conservation,
                            oracles::s9_acknowledged_is_kept,
                            oracles::s11_monotone,
                            oracles::s12_fencing,
                            oracles::s15_only_the_declared,
                            oracles::s17_honest_refusal,
                            oracles::s18_integrity,
                            oracles::t1_conforms,
                            oracles::l1_everything_ends};

/// A deadline is looked at by the coordinator's clock and written down by the machine's.
constexpr core::Duration clocks_differ{100};

/// What is wrong with an abort's cause, as far as the log and the clients tell it; empty: nothing.
std::string judge_cause(const Observed& observed, const oracles::Case& one) {
  const auto decided = std::ranges::find_if(one.written, [](const sim::Written* write) { return write->value->abort_reason.has_value(); });
  if (decided == one.written.end()) return {};
  const core::Transaction& value = *(*decided)->value;
  const auto code = value.abort_reason->code;
  const bool is_asked = std::ranges::any_of(one.asked, [](const sim::Asked* asked) { return asked->what == sim::Ask::abort; });
  if (code == protocol::AbortCode::initiator && !is_asked) return "aborted for its initiator, who did not ask for it";
  if (code != protocol::AbortCode::timeout) return {};
  if (!value.deadline_at) return "aborted at its deadline, and there is none";
  const bool is_extended = std::ranges::any_of(one.asked, [](const sim::Asked* asked) { return asked->what == sim::Ask::extend; });
  if (!is_extended && *value.deadline_at != value.started_at + core::Duration(value.request->timeout_ms))
    return "aborted at a deadline that is not the declared one";
  const auto left_by_itself = *value.deadline_at - value.updated_at;
  if (left_by_itself > core::Duration(0)) return "aborted " + std::to_string(left_by_itself.count()) + " ms before its deadline";
  const auto left = *value.deadline_at - (*decided)->at - clocks_differ;
  if (observed.shares_clock && left > core::Duration(0))
    return "aborted " + std::to_string(left.count()) + " ms before its deadline, by the machine's clock";
  return {};
}

/// Nothing but a deadline, or a check that came before the local transaction, may end a plan otherwise.
void judge_outcomes(const Observed& observed, const oracles::Evidence& evidence, const std::vector<Plan>& plans,
                    oracles::Violations& violations) {
  for (const Plan& plan : plans) {
    const auto index = static_cast<std::size_t>(plan.transaction);
    const core::Transaction* final = index < evidence.cases().size() ? evidence.cases()[index].final : nullptr;
    if (final == nullptr) {
      violations.push_back({"outcome", plan.transaction, "the log does not know it"});
      continue;
    }
    if (const std::string fault = judge_cause(observed, evidence.cases()[index]); !fault.empty())
      violations.push_back({"outcome", plan.transaction, fault});
    const auto why = final->abort_reason ? std::optional(final->abort_reason->code) : std::nullopt;
    // A clock that jumps ahead makes the check come early for everybody.
    const bool may_be_checked =
        plan.driving == Driving::silent_message || (plan.driving == Driving::commits_message && !observed.shares_clock);
    const bool came_too_late = why == protocol::AbortCode::timeout || (may_be_checked && why == protocol::AbortCode::check_refused);
    if (final->status != plan.outcome && !came_too_late) {
      violations.push_back(
          {"outcome", plan.transaction,
           std::string(protocol::to_string(final->status)) + " instead of " + std::string(protocol::to_string(plan.outcome))});
    }
  }
}

}  // namespace

void install_audit(const std::string& log_path) {
  DatabaseFile file(log_path);
  file.rows(
      "CREATE TABLE audit (audit INTEGER PRIMARY KEY, at_ms INTEGER, meta_run INTEGER, id INTEGER, gid TEXT, revision INTEGER, run INTEGER,"
      " status TEXT, mode TEXT, name TEXT, attention INTEGER, started_at_ms INTEGER, updated_at_ms INTEGER, finished_at_ms INTEGER,"
      " due_at_ms INTEGER, checksum INTEGER, state TEXT) STRICT;" +
      trigger("audit_insert", "INSERT") + trigger("audit_update", "UPDATE"));
}

Observed observe(const Witness& witness, const std::string& log_path, const std::vector<std::string>& service_paths,
                 const std::vector<Plan>& plans, bool shares_clock) {
  Observer observer;
  observer.shares_clock = shares_clock;
  observer.clients(witness);
  observer.log(log_path);
  for (std::size_t i = 0; i < service_paths.size(); ++i) observer.service(static_cast<int>(i), service_paths[i]);
  for (const Plan& plan : plans) {
    auto& declared = observer.observed.history.declared;
    declared.insert(declared.end(), plan.declared.begin(), plan.declared.end());
  }
  observer.observed.shares_clock = shares_clock;
  observer.finish();
  return std::move(observer.observed);
}

oracles::Violations judge(const Observed& observed, const std::vector<Plan>& plans) {
  const oracles::Evidence evidence(observed.history);
  oracles::Violations violations;
  for (const std::string& fault : observed.faults) violations.push_back({"files", -1, fault});
  // What is not there can't be wrong.
  const sim::History& history = observed.history;
  const std::array<std::pair<std::string_view, bool>, 5> sources{{{"questions", history.asked.empty()},
                                                                  {"answers", history.told.empty()},
                                                                  {"accepted writes", history.written.empty()},
                                                                  {"local transactions", history.committed.empty()},
                                                                  {"barrier rows", history.rows.empty()}}};
  for (const auto& [what, is_missing] : sources) {
    if (is_missing && !plans.empty()) violations.push_back({"files", -1, "there are no " + std::string(what)});
  }
  for (const auto& oracle : judged) oracle(evidence, violations);
  judge_outcomes(observed, evidence, plans, violations);
  return violations;
}

std::string text_of(const oracles::Violations& violations) {
  std::string text;
  for (const auto& violation : violations) {
    text.append(violation.oracle)
        .append(" t")
        .append(std::to_string(violation.transaction))
        .append(": ")
        .append(violation.what)
        .append("\n");
  }
  return text;
}

}  // namespace escrow::processes
