#include "coordinator/faults/fault_rule.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace escrow::faults {
namespace {

/// Result codes of SQLite: its documentation has the numbers, this room does not have its header.
constexpr std::array<std::pair<std::string_view, int>, 11> errors{{{"BUSY", 5},
                                                                   {"LOCKED", 6},
                                                                   {"NOMEM", 7},
                                                                   {"READONLY", 8},
                                                                   {"IOERR", 10},
                                                                   {"IOERR_READ", 10 | (1 << 8)},
                                                                   {"IOERR_WRITE", 10 | (3 << 8)},
                                                                   {"IOERR_FSYNC", 10 | (4 << 8)},
                                                                   {"CORRUPT", 11},
                                                                   {"FULL", 13},
                                                                   {"CANTOPEN", 14}}};

constexpr std::array<std::pair<std::string_view, Rule::Action>, 12> actions{{{"kill", Rule::Action::kill},
                                                                             {"abort", Rule::Action::abort},
                                                                             {"stop", Rule::Action::stop},
                                                                             {"term", Rule::Action::term},
                                                                             {"exit", Rule::Action::exit},
                                                                             {"delay", Rule::Action::delay},
                                                                             {"hold", Rule::Action::hold},
                                                                             {"throw", Rule::Action::throws},
                                                                             {"nomem", Rule::Action::nomem},
                                                                             {"error", Rule::Action::error},
                                                                             {"memory", Rule::Action::memory},
                                                                             {"starve", Rule::Action::starve}}};

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size();
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool read_action(std::string_view word, Rule& rule) {
  const auto colon = word.find(':');
  const std::string_view name = word.substr(0, colon);
  const std::string_view value = colon == std::string_view::npos ? std::string_view() : word.substr(colon + 1);
  bool known = false;
  for (const auto& [text, action] : actions) {
    if (text != name) continue;
    rule.action = action;
    known = true;
  }
  if (!known) return false;
  switch (rule.action) {
    case Rule::Action::exit:
    case Rule::Action::delay:
    case Rule::Action::memory:
    case Rule::Action::starve: return read(value, rule.value);
    case Rule::Action::error:
      for (const auto& [text, number] : errors) {
        if (text == value) rule.value = number;
      }
      return rule.value != 0;
    case Rule::Action::kill:
    case Rule::Action::abort:
    case Rule::Action::stop:
    case Rule::Action::term:
    case Rule::Action::hold:
    case Rule::Action::throws:
    case Rule::Action::nomem: return value.empty();
  }
  return false;
}

bool read_rule(const std::vector<std::string_view>& words, Rule& rule) {
  if (words.size() < 2 || words.size() % 2 != 0 || !read_action(words[1], rule)) return false;
  rule.point = words[0];
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const std::string_view value = words[i + 1];
    std::uint64_t number = 0;
    if (words[i] == "in") {
      rule.context = value;
    } else if (words[i] == "while") {
      rule.while_file = value;
    } else if (words[i] == "at" && read(value, number) && number > 0) {
      rule.first = number;
      if (!rule.times) rule.times = 1;
    } else if (words[i] == "times" && read(value, number)) {
      rule.times = number;
    } else {
      return false;
    }
  }
  return rule.action != Rule::Action::hold || !rule.while_file.empty();
}

}  // namespace

bool Rule::fits(std::string_view reached, std::string_view reached_context) const {
  const bool is_open = point.ends_with('*');
  const std::string_view wanted = is_open ? std::string_view(point).substr(0, point.size() - 1) : std::string_view(point);
  if (is_open ? !reached.starts_with(wanted) : reached != wanted) return false;
  return context.empty() || reached_context.find(context) != std::string_view::npos;
}

bool Rule::strikes() {
  ++hits;
  return hits >= first && (!times || hits < first + *times);
}

Result<std::vector<Rule>> parse_rules(std::string_view text) {
  std::vector<Rule> rules;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(";\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto words = words_of(line);
    if (words.empty() || words.front().starts_with('#')) continue;
    Rule rule;
    if (!read_rule(words, rule)) return Error{std::make_error_code(std::errc::invalid_argument), "not a fault rule: " + std::string(line)};
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace escrow::faults
