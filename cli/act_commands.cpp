#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <escrow/schema.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/commands.hpp"
#include "cli/pages.hpp"
#include "protocol/uuid_v7.hpp"

/// The commands that act: start, commit, abort, retry, resolve. Each says on a terminal what it will do, and asks.
namespace escrow::cli {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::chrono::minutes mass_retry_time{10};

std::string path_of(const std::string& gid, const std::string& rest) { return "/v1/transactions/" + encoded(gid) + rest; }

std::string wait_query(std::int64_t wait_ms) { return wait_ms > 0 ? "?wait_ms=" + std::to_string(wait_ms) : ""; }

std::string body_with(const std::string& reason) { return reason.empty() ? "" : json{{"reason", reason}}.dump(); }

/// What became of it. `waited`: the exit status says how it ended.
ExitStatus present(Session& session, const Outcome<std::string>& answer, bool waited) {
  if (!answer) return tell(answer.error());
  const auto transaction = read_transaction(json::parse(*answer));
  if (!transaction) return tell(transaction.error());
  print(session.as_json ? *answer + "\n" : standing_page(*transaction, now(), session.look));
  if (!waited) return ExitStatus::done;
  if (!transaction->is_terminal()) return ExitStatus::unfinished;
  return transaction->status == "committed" ? ExitStatus::done : ExitStatus::aborted;
}

Outcome<std::string> read_body(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in)
      return Failure{ExitStatus::usage, file + " can't be read", "Give a file with the JSON of the transaction, or - for standard input."};
    text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Failure{ExitStatus::usage, file + " is empty"};
  return text;
}

/// The name of the transaction. One that brings none is given one here: when the answer is lost, it can be looked up.
std::string ensure_gid(std::string& body) {
  const json parsed = json::parse(body, nullptr, false);
  // What is no request is the coordinator's to judge.
  if (!parsed.is_object()) return "";
  if (parsed.contains("gid")) return parsed["gid"].is_string() ? parsed["gid"].get<std::string>() : "";
  std::random_device device;
  std::array<std::uint8_t, 10> random{};
  for (std::uint8_t& byte : random) byte = static_cast<std::uint8_t>(device());
  std::string gid = protocol::uuid_v7(now(), random);
  body.insert(body.find('{') + 1, fmt::format(R"("gid":"{}"{})", gid, parsed.empty() ? "" : ","));
  return gid;
}

/// The filters as members of a body.
Outcome<json> members_of(const FilterOptions& filter) {
  json out = json::object();
  if (!filter.status.empty()) out["status"] = filter.status;
  if (!filter.mode.empty()) out["mode"] = filter.mode;
  if (!filter.name.empty()) out["name"] = filter.name;
  if (filter.attention) out["attention"] = true;
  if (!filter.started_after.empty()) out["started_after"] = filter.started_after;
  if (!filter.started_before.empty()) out["started_before"] = filter.started_before;
  for (const std::string& attribute : filter.attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) return Failure{ExitStatus::usage, "--attribute " + attribute + " is not KEY=VALUE"};
    out["attribute." + attribute.substr(0, equals)] = attribute.substr(equals + 1);
  }
  return out;
}

Outcome<std::int64_t> retry_matching(Session& session, json body, bool dry_run) {
  body["dry_run"] = dry_run;
  // However many there are, they are all looked at before the answer.
  const auto answer = session.api.post("/v1/retry", body.dump(), {}, mass_retry_time);
  if (!answer) return answer.error();
  const json count = json::parse(*answer);
  if (!count.is_object() || !count.contains("count")) return Failure{ExitStatus::refused, "what answers is no escrowd"};
  return count.at("count").get<std::int64_t>();
}

ExitStatus retry_many(Session& session, const RetryOptions& options) {
  auto body = members_of(options.filter);
  if (!body) return tell(body.error());
  if (!options.destination.empty()) (*body)["destination"] = options.destination;
  auto count = retry_matching(session, *body, true);
  if (!count) return tell(count.error());
  if (!options.dry_run && *count > 0) {
    if (!is_confirmed(session, fmt::format("This calls everything that backs off in {} unfinished transaction(s) now.", *count)))
      return ExitStatus::declined;
    if (!options.reason.empty()) (*body)["reason"] = options.reason;
    count = retry_matching(session, *body, false);
    if (!count) return tell(count.error());
  }
  if (session.as_json) {
    print(json{{"count", *count}, {"dry_run", options.dry_run}}.dump() + "\n");
  } else {
    print(
        fmt::format("{} unfinished transaction{} {}.\n", *count, *count == 1 ? "" : "s", options.dry_run ? "would be retried" : "retried"));
  }
  return ExitStatus::done;
}

ExitStatus decide(Session& session, const DecideOptions& options, const char* decision, const std::string& consequence) {
  if (!is_confirmed(session, consequence)) return ExitStatus::declined;
  const std::string target = path_of(options.gid, std::string("/") + decision) + wait_query(options.wait_ms);
  const auto answer = session.api.post(target, body_with(options.reason), options.gid, milliseconds(options.wait_ms));
  if (!answer || options.wait_ms == 0) return present(session, answer, false);
  const ExitStatus status = present(session, answer, true);
  // Whoever aborts wants it aborted.
  const bool is_wanted_end = status == ExitStatus::aborted && std::string(decision) == "abort";
  return is_wanted_end ? ExitStatus::done : status;
}

}  // namespace

ExitStatus start_transaction(Session& session, const StartOptions& options) {
  auto body = read_body(options.file);
  if (!body) return tell(body.error());
  const std::string gid = ensure_gid(*body);
  const auto answer = session.api.post("/v1/transactions" + wait_query(options.wait_ms), *body, gid, milliseconds(options.wait_ms));
  return present(session, answer, options.wait_ms > 0);
}

ExitStatus abort_transaction(Session& session, const DecideOptions& options) {
  return decide(session, options, "abort",
                "Aborting " + options.gid + " undoes whatever of it may have been done, and can't be taken back.");
}

ExitStatus commit_transaction(Session& session, const DecideOptions& options) {
  return decide(session, options, "commit", "Committing " + options.gid + " confirms all of its branches, and can't be taken back.");
}

ExitStatus retry_transactions(Session& session, const RetryOptions& options) {
  const bool has_filter = !options.filter.empty() || !options.destination.empty();
  if (options.gids.empty() == !has_filter) {
    return tell({ExitStatus::usage, "retry takes either the gids of transactions or filters", "escrowctl transactions retry --help"});
  }
  if (has_filter) return retry_many(session, options);
  if (options.dry_run) return tell({ExitStatus::usage, "--dry-run counts what filters match; a gid needs no counting"});
  ExitStatus status = ExitStatus::done;
  for (const std::string& gid : options.gids) {
    const auto answer = session.api.post(path_of(gid, "/retry"), body_with(options.reason), gid);
    const ExitStatus one = present(session, answer, false);
    if (one != ExitStatus::done) status = one;
  }
  return status;
}

ExitStatus resolve_operation(Session& session, const ResolveOptions& options) {
  const bool is_check = options.branch.empty();
  if (!is_check && options.operation.empty()) {
    return tell({ExitStatus::usage, "--operation is missing",
                 fmt::format("escrowctl transactions show {} says which operation is stuck.", options.gid)});
  }
  if (options.reason.empty()) {
    return tell({ExitStatus::usage, "--reason is missing", "Whoever reads the history wants to know why; name the ticket."});
  }
  const std::string what =
      is_check ? "the check of " + options.gid : fmt::format("{} of branch {} of {}", options.operation, options.branch, options.gid);
  const std::string consequence =
      fmt::format("From now on {} counts as {}, whatever its service says. It is not called any more, and this can't be taken back.", what,
                  options.outcome);
  if (!is_confirmed(session, consequence)) return ExitStatus::declined;
  json body{{"outcome", options.outcome}, {"reason", options.reason}};
  if (!is_check) body["operation"] = options.operation;
  const std::string rest = is_check ? "/resolve" : "/branches/" + encoded(options.branch) + "/resolve";
  return present(session, session.api.post(path_of(options.gid, rest), body.dump(), options.gid), false);
}

ExitStatus print_barrier_schema(const std::string& dialect) {
  const SqlDialect which = dialect == "mysql" ? SqlDialect::mysql : dialect == "postgres" ? SqlDialect::postgresql : SqlDialect::sqlite;
  std::string_view script = barrier_schema(which);
  while (script.starts_with('\n')) script.remove_prefix(1);
  print(std::string(script));
  return ExitStatus::done;
}

}  // namespace escrow::cli
