#include "tests/fault-injection/oracles/history_file.hpp"

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/oracles/history_value.hpp"

namespace escrow::oracles {
namespace {

using nlohmann::json;
using namespace sim;

// In the order of their enumerators.
constexpr std::array asks{"start", "look", "register", "commit", "abort", "extend", "retry", "resolve"};
constexpr std::array whats{"effect", "refused", "mark", "message", "barred"};
constexpr std::array lives{"started", "recovered", "crashed", "paused", "draining", "stopped", "forgot", "calm", "quiet", "unwritten"};
constexpr std::array classes{"succeeded", "refused", "in_progress", "postponed", "unknown"};
// Of the barrier's table; a history only points at them.
constexpr std::array<std::string_view, 12> barrier_words{"action", "compensate", "try",  "confirm", "cancel", "message",
                                                         "commit", "check",      "done", "refused", "none",   ""};

template <std::size_t N, class Word>
std::string word_of(const std::array<const char*, N>& words, Word word) {
  return words.at(static_cast<std::size_t>(word));
}
template <class Word, std::size_t N>
Word from_word(const std::array<const char*, N>& words, const json& text) {
  const auto found = std::ranges::find(words, text.get<std::string>());
  if (found == words.end()) throw std::invalid_argument("unknown word");
  return static_cast<Word>(found - words.begin());
}
template <class Word>
Word from_protocol(const json& text) {
  const auto word = protocol::from_string<Word>(text.get<std::string>());
  if (!word) throw std::invalid_argument("unknown word");
  return *word;
}
std::string_view barrier_word(const json& text) {
  const auto found = std::ranges::find(barrier_words, text.get<std::string>());
  if (found == barrier_words.end()) throw std::invalid_argument("unknown word");
  return *found;
}
template <class Word>
std::string protocol_word(Word word) {
  return std::string(protocol::to_string(word));
}
json value_or_null(const std::shared_ptr<const core::Transaction>& value) { return value ? to_json(*value) : json(); }

json to_line(const Sent& sent) {
  return {{"event", "sent"},
          {"call", sent.call},
          {"run", sent.run},
          {"transaction", sent.transaction},
          {"branch", sent.branch},
          {"operation", protocol_word(sent.operation)},
          {"phase", protocol_word(sent.phase)},
          {"attempt", sent.attempt},
          {"fingerprint", sent.fingerprint}};
}
json to_line(const Ended& ended) {
  return {{"event", "ended"},
          {"call", ended.call},
          {"transaction", ended.transaction},
          {"outcome", word_of(classes, ended.outcome)},
          {"status", ended.status},
          {"retry_after_ms", ended.retry_after ? json(ended.retry_after->count()) : json()}};
}
json to_line(const Committed& row) {
  const Posting& p = row.posting;
  return {{"event", "committed"},
          {"service", row.service},
          {"transaction", row.transaction},
          {"branch", row.branch},
          {"operation", protocol_word(row.operation)},
          {"what", word_of(whats, row.what)},
          {"posting", {p.account, p.available, p.reserved, p.moved}}};
}
json to_line(const Written& written) {
  return {{"event", "written"},
          {"run", written.run},
          {"transaction", written.transaction},
          {"value", value_or_null(written.value)},
          {"given", value_or_null(written.given)}};
}
json to_line(const Asked& asked) {
  json branches = json::array();
  asked.branches.for_each([&](int branch) { branches.push_back(branch); });
  return {{"event", "asked"},
          {"token", asked.token},
          {"transaction", asked.transaction},
          {"what", word_of(asks, asked.what)},
          {"branches", std::move(branches)},
          {"operation", protocol_word(asked.operation)},
          {"content", asked.content},
          {"taken", asked.taken}};
}
json to_line(const Told& told) {
  return {{"event", "told"},
          {"token", told.token},
          {"transaction", told.transaction},
          {"what", word_of(asks, told.what)},
          {"problem", told.problem ? json(protocol_word(*told.problem)) : json()},
          {"created", told.created},
          {"value", value_or_null(told.value)}};
}
json to_line(const Life& life) {
  return {{"event", "life"},
          {"what", word_of(lives, life.what)},
          {"run", life.run},
          {"transaction", life.transaction},
          {"ahead_ms", life.ahead.count()}};
}

template <class Record>
void add_lines(const std::vector<Record>& records, std::vector<std::pair<std::uint64_t, std::string>>& lines) {
  for (const Record& record : records) {
    json line = to_line(record);
    line["seq"] = record.seq;
    line["at_ms"] = core::to_ms(record.at);
    lines.emplace_back(record.seq, line.dump());
  }
}

std::shared_ptr<const core::Transaction> value_in(const json& line, const char* name) {
  if (line.at(name).is_null()) return nullptr;
  auto value = transaction_from(line.at(name));
  if (!value) throw std::invalid_argument("no transaction");
  return value;
}

template <class Record>
void keep(std::vector<Record>& records, const json& line, Record record) {
  record.seq = line.at("seq").get<std::uint64_t>();
  record.at = core::from_ms(line.at("at_ms").get<std::int64_t>());
  records.push_back(std::move(record));
}

/// What happened; false: it is nothing of that.
bool read_event(const json& line, History& history) {
  const auto event = line.at("event").get<std::string>();
  const auto transaction = [&] { return line.at("transaction").get<int>(); };
  if (event == "sent") {
    keep(history.sent, line,
         Sent{{},
              line.at("call"),
              line.at("run"),
              transaction(),
              line.at("branch"),
              from_protocol<protocol::OperationName>(line.at("operation")),
              from_protocol<protocol::Phase>(line.at("phase")),
              line.at("attempt"),
              line.at("fingerprint")});
  } else if (event == "ended") {
    Ended ended{
        {}, line.at("call"), transaction(), from_word<core::Outcome::Class>(classes, line.at("outcome")), line.at("status"), std::nullopt};
    if (!line.at("retry_after_ms").is_null()) ended.retry_after = core::Duration(line.at("retry_after_ms").get<std::int64_t>());
    keep(history.ended, line, ended);
  } else if (event == "committed") {
    const json& p = line.at("posting");
    keep(history.committed, line,
         Committed{{},
                   line.at("service"),
                   transaction(),
                   line.at("branch"),
                   from_protocol<protocol::OperationName>(line.at("operation")),
                   from_word<Committed::What>(whats, line.at("what")),
                   {p.at(0), p.at(1), p.at(2), p.at(3)}});
  } else if (event == "written") {
    keep(history.written, line, Written{{}, line.at("run"), transaction(), value_in(line, "value"), value_in(line, "given")});
  } else if (event == "asked") {
    BranchSet branches;
    for (const json& branch : line.at("branches")) branches.insert(branch.get<int>());
    keep(history.asked, line,
         Asked{{},
               line.at("token"),
               transaction(),
               from_word<Ask>(asks, line.at("what")),
               branches,
               from_protocol<protocol::OperationName>(line.at("operation")),
               line.at("content"),
               line.at("taken")});
  } else if (event == "told") {
    Told told{{},           line.at("token"),   transaction(),          from_word<Ask>(asks, line.at("what")),
              std::nullopt, line.at("created"), value_in(line, "value")};
    if (!line.at("problem").is_null()) told.problem = from_protocol<protocol::ProblemCode>(line.at("problem"));
    keep(history.told, line, std::move(told));
  } else if (event == "life") {
    keep(history.life, line,
         Life{{},
              from_word<Life::What>(lives, line.at("what")),
              line.at("run"),
              transaction(),
              core::Duration(line.at("ahead_ms").get<std::int64_t>())});
  } else {
    return false;
  }
  return true;
}

/// What stood at the end.
void read_rest(const json& line, History& history) {
  const auto event = line.at("event").get<std::string>();
  if (event == "row") {
    history.rows.push_back({line.at("service"), line.at("transaction"), line.at("branch"), barrier_word(line.at("operation")),
                            barrier_word(line.at("cause")), barrier_word(line.at("outcome"))});
  } else if (event == "declared") {
    const json& m = line.at("movement");
    history.declared.push_back({line.at("transaction"), line.at("branch"), line.at("service"), {m.at(0), m.at(1), m.at(2)}});
    history.declared.back().fingerprints = line.at("fingerprints").get<std::array<std::uint64_t, 6>>();
  } else if (event == "account") {
    history.accounts.push_back({line.at("service"), line.at("account"), line.at("initial"), {line.at("available"), line.at("reserved")}});
  } else if (event == "final") {
    history.log.push_back(value_in(line, "value"));
  } else if (event == "removed") {
    history.retired.push_back(line.at("transaction"));
  } else if (event == "damaged") {
    history.damaged.push_back(line.at("transaction"));
  } else if (event == "end") {
    history.end.in_time = line.at("in_time");
    history.end.resident = line.at("resident");
    history.end.open_calls = line.at("open_calls");
    history.end.steps = line.at("steps");
    history.end.counted_unfinished = line.at("counted_unfinished");
    history.end.unfinished = line.at("unfinished");
    history.end.unfinished_limit = line.at("unfinished_limit");
    history.end.idle_steps = line.at("idle_steps");
    history.end.idle = core::Duration(line.at("idle_ms").get<std::int64_t>());
  } else {
    throw std::invalid_argument("unknown event");
  }
}

}  // namespace

void write_history(const History& history, std::ostream& out) {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  add_lines(history.sent, lines);
  add_lines(history.ended, lines);
  add_lines(history.committed, lines);
  add_lines(history.written, lines);
  add_lines(history.asked, lines);
  add_lines(history.told, lines);
  add_lines(history.life, lines);
  std::ranges::sort(lines);
  for (const auto& [seq, line] : lines) out << line << '\n';
  for (const BarrierRow& row : history.rows) {
    out << json{{"event", "row"},
                {"service", row.service},
                {"transaction", row.transaction},
                {"branch", row.branch},
                {"operation", std::string(row.operation)},
                {"cause", std::string(row.cause)},
                {"outcome", std::string(row.outcome)}}
        << '\n';
  }
  for (const Declared& one : history.declared) {
    out << json{{"event", "declared"},
                {"transaction", one.transaction},
                {"branch", one.branch},
                {"service", one.service},
                {"movement", {one.movement.account, one.movement.amount, one.movement.arrives}},
                {"fingerprints", one.fingerprints}}
        << '\n';
  }
  for (const Account& one : history.accounts) {
    out << json{{"event", "account"},
                {"service", one.service},
                {"account", one.account},
                {"initial", one.initial},
                {"available", one.balance.available},
                {"reserved", one.balance.reserved}}
        << '\n';
  }
  for (const auto& value : history.log) out << json{{"event", "final"}, {"value", to_json(*value)}} << '\n';
  for (const int transaction : history.retired) out << json{{"event", "removed"}, {"transaction", transaction}} << '\n';
  for (const int transaction : history.damaged) out << json{{"event", "damaged"}, {"transaction", transaction}} << '\n';
  out << json{{"event", "end"},
              {"in_time", history.end.in_time},
              {"resident", history.end.resident},
              {"open_calls", history.end.open_calls},
              {"steps", history.end.steps},
              {"counted_unfinished", history.end.counted_unfinished},
              {"unfinished", history.end.unfinished},
              {"unfinished_limit", history.end.unfinished_limit},
              {"idle_steps", history.end.idle_steps},
              {"idle_ms", history.end.idle.count()}}
      << '\n';
}

Result<History> read_history(std::istream& in) {
  History history;
  std::size_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    try {
      const json line = json::parse(text);
      if (!read_event(line, history)) read_rest(line, history);
    } catch (const std::exception& fault) {
      return Error{std::make_error_code(std::errc::invalid_argument), "line " + std::to_string(number) + ": " + fault.what()};
    }
  }
  return history;
}

}  // namespace escrow::oracles
