#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fault-injection/sim/history.hpp"

namespace escrow::sim {
namespace {

using protocol::to_string;

std::string_view word(core::Outcome::Class outcome) {
  switch (outcome) {
    case core::Outcome::Class::succeeded: return "succeeded";
    case core::Outcome::Class::refused: return "refused";
    case core::Outcome::Class::in_progress: return "in progress";
    case core::Outcome::Class::postponed: return "postponed";
    case core::Outcome::Class::unknown: return "unknown";
  }
  return "";
}

std::string_view word(Committed::What what) {
  switch (what) {
    case Committed::What::effect: return "took effect";
    case Committed::What::refused: return "was refused for good";
    case Committed::What::mark: return "left its mark, nothing to undo";
    case Committed::What::message: return "the initiator committed locally";
    case Committed::What::barred: return "a check barred the initiator";
  }
  return "";
}

std::string_view word(Life::What what) {
  switch (what) {
    case Life::What::started: return "started";
    case Life::What::recovered: return "recovered";
    case Life::What::crashed: return "crashed";
    case Life::What::paused: return "paused";
    case Life::What::draining: return "draining";
    case Life::What::stopped: return "stopped";
    case Life::What::forgot: return "forgot";
    case Life::What::calm: return "--- calm ---";
    case Life::What::quiet: return "--- quiet ---";
    case Life::What::unwritten: return "was told that a write did not succeed";
  }
  return "";
}

std::string_view word(Ask what) {
  switch (what) {
    case Ask::start: return "start";
    case Ask::look: return "look";
    case Ask::register_branches: return "register";
    case Ask::commit: return "commit";
    case Ask::abort: return "abort";
    case Ask::extend: return "extend";
    case Ask::retry: return "retry";
    case Ask::resolve: return "resolve";
  }
  return "";
}

std::string operation(int branch, protocol::OperationName name) {
  return branch < 0 ? std::string(to_string(name)) : fmt::format("b{}.{}", branch, to_string(name));
}

/// Each operation as one word: state, attempts, and a question mark where an attempt ended without an answer.
std::string describe(const core::Transaction& value) {
  std::string text = fmt::format("r{} {}{}", value.revision, to_string(value.status), value.pivot_reached ? " (pivot reached)" : "");
  for (std::size_t i = 0; i < value.branches.size(); ++i) {
    text += fmt::format(" b{}[", i);
    for (const auto role : protocol::all_roles) {
      const auto* found = value.branches[i].operation(role);
      if (found == nullptr) continue;
      text += fmt::format("{}{}:{}/{}{}", text.back() == '[' ? "" : " ", to_string(role), to_string(found->state), found->attempts,
                          found->maybe_done ? "?" : "");
      if (found->attention) text += "!";
    }
    text += "]";
  }
  return text;
}

struct Line {
  std::uint64_t seq = 0;
  std::string text;
};

class Lines {
 public:
  explicit Lines(const History& history) {
    for (const Sent& sent : history.sent) {
      const std::string who = sent.run == 0 ? "initiator" : fmt::format("run {}", sent.run);
      add(sent, sent.transaction,
          fmt::format("{:<10} call {} #{} {} ({})", who, operation(sent.branch, sent.operation), sent.attempt, to_string(sent.phase),
                      sent.call));
    }
    for (const Ended& ended : history.ended)
      add(ended, ended.transaction, fmt::format("{:<10} call ({}) {} {}", "", ended.call, word(ended.outcome), ended.status));
    for (const Committed& committed : history.committed) {
      add(committed, committed.transaction,
          fmt::format("{:<10} {} {}", fmt::format("service {}", committed.service), operation(committed.branch, committed.operation),
                      word(committed.what)));
    }
    for (const Written& written : history.written)
      add(written, written.transaction, fmt::format("{:<10} {}", fmt::format("log, run {}", written.run), describe(*written.value)));
    for (const Asked& asked : history.asked)
      add(asked, asked.transaction, fmt::format("{:<10} {} ({})", "client", word(asked.what), asked.token));
    for (const Told& told : history.told) {
      const std::string_view problem = told.problem ? to_string(*told.problem) : told.created ? "created" : "ok";
      add(told, told.transaction,
          fmt::format("{:<10} {} ({}) {} {}", "answer", word(told.what), told.token, problem, told.value ? describe(*told.value) : ""));
    }
    for (const Life& life : history.life) add(life, life.transaction, fmt::format("run {:<6} {}", life.run, word(life.what)));
    std::ranges::sort(lines_, {}, &Line::seq);
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const Line& line : lines_) all += line.text;
    return all;
  }

 private:
  void add(const Stamp& stamp, int transaction, std::string_view what) {
    constexpr std::int64_t begin = 1'700'000'000'000;
    const std::string whose = transaction < 0 ? "  " : fmt::format("t{}", transaction);
    lines_.push_back({stamp.seq, fmt::format("{:>7} {} {}\n", core::to_ms(stamp.at) - begin, whose, what)});
  }
  std::vector<Line> lines_;
};

}  // namespace

std::string timeline_of(const History& history) { return Lines(history).text(); }

}  // namespace escrow::sim
