#include "cli/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/explain.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "cli/timeline.hpp"
#include "protocol/timestamp.hpp"

namespace escrow::cli {
namespace {

using nlohmann::json;
using Align = Table::Align;

Cell word_cell(const std::string& word) {
  std::string text = word;
  std::ranges::replace(text, '_', ' ');
  return {text, tone_of(word)};
}

std::string age_text(const Transaction& transaction, Millis now) {
  return duration_text(transaction.finished_at.value_or(now) - transaction.started_at);
}

/// What a list can say of why: it has no branches.
Cell why_cell(const Transaction& transaction) {
  if (!transaction.attention.empty()) {
    const Attention& first = transaction.attention.front();
    return {place_text(first.branch, first.operation) + ": " + first.reason, Tone::bad};
  }
  if (transaction.abort_reason) {
    const AbortReason& reason = *transaction.abort_reason;
    std::string text = reason.code;
    std::ranges::replace(text, '_', ' ');
    if (!reason.branch.empty()) text += " " + reason.branch;
    if (!reason.detail.empty()) text += ": " + reason.detail;
    return {text, Tone::dim};
  }
  return {""};
}

std::string explained(const Explanation& explanation, const Look& look) {
  std::string out = wrapped(explanation.why, look.width, 0);
  if (!explanation.next.empty()) out += wrapped("Next: " + explanation.next, look.width, 0);
  bool first = true;
  for (const std::string& command : explanation.commands) {
    out += (first ? "You can:  " : "          ") + look.paint(Tone::bold, command) + "\n";
    first = false;
  }
  return out;
}

Table operations_table(const Transaction& transaction, Millis now) {
  Table table({{"BRANCH", Align::left, 8},
               {"OPERATION"},
               {"STATE"},
               {"CALLS", Align::right},
               {"NEXT"},
               {"LAST ANSWER", Align::left, 12},
               {"URL", Align::left, 12}});
  const auto add = [&](const std::string& branch, const Operation& operation) {
    const bool is_stuck = std::ranges::any_of(transaction.attention, [&](const Attention& attention) {
      return attention.branch == branch && attention.operation == operation.name;
    });
    const bool backs_off = operation.state == "backing_off" && operation.next_attempt_at;
    Cell state = word_cell(operation.state);
    if (is_stuck) state = {state.text + ", stuck", Tone::bad};
    table.add({branch.empty() ? Cell("-") : Cell(branch),
               operation.name,
               state,
               std::to_string(operation.attempts),
               backs_off ? relative_text(*operation.next_attempt_at, now) : "",
               operation.last_error.value_or(""),
               {operation.url, Tone::dim}});
  };
  if (transaction.check) add("", *transaction.check);
  for (const Branch& branch : transaction.branches) {
    for (const Operation& operation : branch.operations) add(branch.id, operation);
  }
  return table;
}

std::string heading(const Transaction& transaction, Millis now, const Look& look) {
  std::string first = look.paint(Tone::bold, printable(transaction.gid));
  if (transaction.name) first += "  " + printable(*transaction.name);
  first += "  " + look.paint(tone_of(transaction.status), transaction.status);
  if (!transaction.attention.empty()) first += "  " + look.paint(Tone::bad, "needs a person");
  std::string second =
      fmt::format("{}{}, {}, {} {}, started {} UTC", transaction.is_interactive ? "interactive " : "", transaction.mode, transaction.order,
                  transaction.branches.size(), transaction.branches.size() == 1 ? "branch" : "branches", time_text(transaction.started_at));
  if (!transaction.is_terminal()) second += fmt::format(" ({})", relative_text(transaction.started_at, now));
  for (const auto& [key, value] : transaction.attributes) second += fmt::format(", {}={}", key, printable(value));
  return first + "\n" + look.paint(Tone::dim, wrapped(second, look.width, 0));
}

std::string payloads(const Transaction& transaction, const Look& look) {
  std::string out;
  for (const Branch& branch : transaction.branches) {
    if (branch.payload) out += look.paint(Tone::dim, printable(branch.id) + " payload: ") + printable(*branch.payload) + "\n";
    for (const Operation& operation : branch.operations) {
      if (operation.output)
        out += look.paint(Tone::dim, fmt::format("{} {} output: ", printable(branch.id), operation.name)) + printable(*operation.output) +
               "\n";
    }
  }
  return out;
}

Outcome<std::string> not_understood(const json::exception& error) {
  return Failure{ExitStatus::refused, std::string("the answer can't be understood: ") + error.what(),
                 "Is the coordinator older than this escrowctl?"};
}

std::string percentiles_text(const json& value) {
  if (!value.is_object()) return "";
  return fmt::format("{}/{}/{}", value.at("p50").get<Millis>(), value.at("p95").get<Millis>(), value.at("p99").get<Millis>());
}

std::string ago_text(const json& value, Millis now) {
  if (!value.is_string()) return "never";
  const auto at = protocol::parse_timestamp(value.get<std::string>());
  return at ? relative_text(*at, now) : "?";
}

std::string named_text(const json& value, Millis now) {
  if (!value.is_object()) return "none";
  return fmt::format("{} ({}, started {})", printable(value.at("gid").get<std::string>()), value.at("status").get<std::string>(),
                     ago_text(value.at("started_at"), now));
}

}  // namespace

std::string list_page(const std::vector<Transaction>& transactions, Millis now, const Look& look) {
  if (transactions.empty()) return "No transaction matches.\n";
  Table table({{"GID", Align::left, 12},
               {"NAME", Align::left, 8},
               {"MODE"},
               {"STATUS"},
               {"STARTED (UTC)"},
               {"AGE", Align::right},
               {"WHY", Align::left, 10}});
  for (const Transaction& transaction : transactions) {
    table.add({{transaction.gid, Tone::bold},
               transaction.name.value_or(""),
               transaction.mode,
               word_cell(transaction.status),
               time_text(transaction.started_at),
               age_text(transaction, now),
               why_cell(transaction)});
  }
  return table.draw(look);
}

std::string attention_page(const std::vector<Transaction>& transactions, std::optional<std::int64_t> total, Millis now, const Look& look) {
  if (transactions.empty() && total.value_or(0) == 0) return look.paint(Tone::good, "Nothing needs a person.") + "\n";
  std::string out;
  for (const Transaction& transaction : transactions) {
    out += look.paint(Tone::bold, printable(transaction.gid));
    if (transaction.name) out += "  " + printable(*transaction.name);
    out += fmt::format("  {}, started {}\n", look.paint(tone_of(transaction.status), transaction.status),
                       relative_text(transaction.started_at, now));
    for (const Attention& attention : transaction.attention) {
      out += wrapped(fmt::format("{} for {}: {}", place_text(attention.branch, attention.operation), duration_text(now - attention.since),
                                 printable(attention.reason)),
                     look.width, 2);
    }
    if (transaction.abort_reason)
      out += look.paint(Tone::dim, wrapped("It aborts because " + abort_cause(transaction) + ".", look.width, 2));
  }
  const auto shown = static_cast<std::int64_t>(transactions.size());
  const std::int64_t count = std::max(total.value_or(shown), shown);
  out +=
      fmt::format("\n{} {} a person{}. What to do about one: {}\n", count, count == 1 ? "transaction needs" : "transactions need",
                  shown < count ? fmt::format(", {} of them shown", shown) : "", look.paint(Tone::bold, "escrowctl transactions show GID"));
  return out;
}

std::string event_line(const Event& event, const std::string& gid, const Look& look) {
  std::string out = look.paint(Tone::dim, time_text(event.at, true).substr(11));
  if (!gid.empty()) out += "  " + look.paint(Tone::bold, printable(gid));
  std::string type = event.type;
  std::ranges::replace(type, '_', ' ');
  Tone tone = tone_of(event.type);
  if (event.type == "attention_raised" || event.type == "operation_failed") tone = Tone::bad;
  if (event.type == "attempt_failed" || event.type == "abort_decided") tone = Tone::warning;
  if (event.type == "operation_succeeded" || event.type == "commit_decided") tone = Tone::good;
  out += "  " + look.paint(tone, type);
  if (!event.operation.empty()) {
    out += "  " + place_text(event.branch, event.operation);
    if (event.attempt) out += fmt::format(" #{}", *event.attempt);
  } else if (!event.branch.empty()) {
    out += "  " + printable(event.branch);
  }
  if (event.detail) out += "  " + printable(*event.detail);
  if (event.actor) out += look.paint(Tone::dim, "  by " + printable(*event.actor));
  return out + "\n";
}

std::string history_page(const std::vector<Event>& events, const Look& look) {
  std::string out;
  std::string day;
  for (const Event& event : events) {
    const std::string on = time_text(event.at).substr(0, 10);
    if (on != day) out += look.paint(Tone::dim, on + " (UTC)") + "\n";
    day = on;
    out += event_line(event, "", look);
  }
  return out;
}

Outcome<std::string> destinations_page(const json& answer, Millis now, const Look& look) {
  try {
    Table table({{"DESTINATION"},
                 {"CALLS", Align::right},
                 {"ERRORS", Align::right},
                 {"P50/95/99 MS", Align::right},
                 {"OPEN", Align::right},
                 {"HELD", Align::right},
                 {"BREAKER"},
                 {"LAST OK"},
                 {"LAST ERROR", Align::left, 10}});
    for (const json& destination : answer.at("destinations")) {
      const json& recent = destination.at("recent");
      const json& breaker = destination.at("breaker");
      const auto errors = recent.at("errors").get<std::int64_t>();
      std::string state = breaker.at("state").get<std::string>();
      const Tone tone = tone_of(state);
      if (const auto row = breaker.at("failures_in_row").get<std::int64_t>(); row > 0) state += fmt::format(", {} failed", row);
      const json& error = destination.at("last_error");
      table.add({{destination.at("destination").get<std::string>(), Tone::bold},
                 std::to_string(recent.at("calls").get<std::int64_t>()),
                 {std::to_string(errors), errors > 0 ? Tone::bad : Tone::plain},
                 percentiles_text(recent.at("latency_ms")),
                 std::to_string(destination.at("open").get<std::int64_t>()),
                 std::to_string(destination.at("held_back").get<std::int64_t>()),
                 {state, tone},
                 ago_text(destination.at("last_success_at"), now),
                 error.is_object() ? ago_text(error.at("at"), now) + ": " + error.at("detail").get<std::string>() : ""});
    }
    if (table.empty()) return std::string("Nobody has been called since the coordinator started.\n");
    return table.draw(look) + look.paint(Tone::dim, fmt::format("Calls, errors and latency are those of the last {}.\n",
                                                                duration_text(answer.at("window_ms").get<Millis>())));
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

Outcome<std::string> info_page(const json& info, const json& overview, bool with_settings, Millis now, const Look& look) {
  try {
    const json& unfinished = overview.at("unfinished");
    const json& rates = overview.at("per_second");
    const auto attention = overview.at("attention").get<std::int64_t>();
    std::string out;
    const auto line = [&](const char* name, const std::string& value, Tone tone = Tone::plain) {
      out += look.paint(Tone::dim, padded(name, 17)) + look.paint(tone, value) + "\n";
    };
    line("version", info.at("version").get<std::string>());
    line("node", printable(info.at("node").get<std::string>()));
    line("store",
         fmt::format("{}{}, {}", info.at("store").get<std::string>(),
                     info.at("durable").get<bool>() ? "" : " (nothing survives the process)", info.at("store_id").get<std::string>()));
    line("up for", duration_text(info.at("uptime_ms").get<Millis>()));
    const bool is_ready = overview.at("ready").get<bool>();
    line("new work", is_ready ? "accepted" : "not accepted", is_ready ? Tone::good : Tone::bad);
    line("unfinished", fmt::format("{} active, {} committing, {} aborting", unfinished.at("active").get<std::int64_t>(),
                                   unfinished.at("committing").get<std::int64_t>(), unfinished.at("aborting").get<std::int64_t>()));
    line("need a person", std::to_string(attention), attention > 0 ? Tone::bad : Tone::good);
    line("oldest", named_text(overview.at("oldest"), now));
    if (attention > 0) line("oldest of these", named_text(overview.at("oldest_attention"), now));
    line("per second",
         fmt::format("{:.1f} started, {:.1f} committed, {:.1f} aborted; {:.1f} calls, {:.1f} of them failed",
                     rates.at("started").get<double>(), rates.at("committed").get<double>(), rates.at("aborted").get<double>(),
                     rates.at("calls").get<double>(), rates.at("call_errors").get<double>()));
    if (!with_settings) return out;
    Table table({{"SETTING"}, {"VALUE", Align::left, 12}});
    for (const json& setting : info.at("settings")) {
      const bool is_default = setting.at("is_default").get<bool>();
      table.add({setting.at("key").get<std::string>(), {setting.at("value").get<std::string>(), is_default ? Tone::dim : Tone::bold}});
    }
    return out + "\n" + table.draw(look);
  } catch (const json::exception& error) {
    return not_understood(error);
  }
}

std::string transaction_page(const Transaction& transaction, const std::vector<Event>& events, ShowParts parts, Millis now,
                             const Look& look) {
  std::string out = heading(transaction, now, look) + "\n" + explained(explain(transaction, now), look);
  if (!events.empty()) out += "\n" + draw_timeline(transaction, events, now, look);
  const Table operations = operations_table(transaction, now);
  if (!operations.empty()) out += "\n" + operations.draw(look);
  if (parts.with_payloads) out += "\n" + payloads(transaction, look);
  if (parts.with_history) out += "\n" + history_page(events, look);
  return out;
}

std::string standing_page(const Transaction& transaction, Millis now, const Look& look) {
  const Explanation explanation = explain(transaction, now);
  std::string out = fmt::format("{} is {}.\n", printable(transaction.gid), look.paint(tone_of(transaction.status), transaction.status));
  out += wrapped(explanation.why, look.width, 0);
  if (!explanation.next.empty()) out += wrapped("Next: " + explanation.next, look.width, 0);
  return out;
}

}  // namespace escrow::cli
