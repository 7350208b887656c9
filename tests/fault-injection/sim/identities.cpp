#include "tests/fault-injection/sim/identities.hpp"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace escrow::sim {
namespace {

constexpr std::pair<int, std::string_view> operations[] = {
    {0, "action"},
    {1, "compensate"},
    {2, "try"},
    {3, "confirm"},
    {4, "cancel"},
    {5, "check"},
    {of_local_transaction, "local"},
    {of_process, "process"},
    {input_written, "written"},
    {input_loaded, "loaded"},
    {input_page, "page"},
    {input_woken, "woken"},
    {input_drain, "drain"},
    {input_forgotten, "forgotten"},
    {input_ended + 0, "ended.action"},
    {input_ended + 1, "ended.compensate"},
    {input_ended + 2, "ended.try"},
    {input_ended + 3, "ended.confirm"},
    {input_ended + 4, "ended.cancel"},
    {input_ended + 5, "ended.check"},
    {input_request + 0, "asked.start"},
    {input_request + 1, "asked.look"},
    {input_request + 2, "asked.register"},
    {input_request + 3, "asked.commit"},
    {input_request + 4, "asked.abort"},
    {input_request + 5, "asked.extend"},
    {input_request + 6, "asked.retry"},
    {input_request + 7, "asked.resolve"},
    {of_client + 0, "client.arriving"},
    {of_client + 1, "client.starting"},
    {of_client + 2, "client.starting_again"},
    {of_client + 3, "client.other_content"},
    {of_client + 4, "client.racing"},
    {of_client + 5, "client.looking"},
    {of_client + 50, "client.deciding"},
    {of_client + 51, "client.registering"},
    {of_client + 52, "client.batching"},
    {of_client + 53, "client.conflicting"},
    {of_client + 54, "client.extending"},
    {of_client + 55, "client.dying"},
    {of_ask + 0, "ask.start"},
    {of_ask + 1, "ask.look"},
    {of_ask + 2, "ask.register"},
    {of_ask + 3, "ask.commit"},
    {of_ask + 4, "ask.abort"},
    {of_ask + 5, "ask.extend"},
    {of_ask + 6, "ask.retry"},
    {of_ask + 7, "ask.resolve"},
};

std::string name_of(int operation) {
  for (const auto& [number, name] : operations) {
    if (number == operation) return std::string(name);
  }
  return "operation-" + std::to_string(operation);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return words;
    text.remove_prefix(first);
    const auto end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<Point> point_named(std::string_view name) {
  for (std::size_t i = 0; i < fault_points; ++i) {
    if (describe(static_cast<Point>(i)).name == name) return static_cast<Point>(i);
  }
  return std::nullopt;
}

/// Whether a word alone says what it is: t1, b0, #2, an operation's name.
bool read_word(std::string_view word, Fired& fault) {
  const auto rest = number_in(word.substr(1));
  if (word[0] == 't' && rest) return fault.identity.transaction = static_cast<int>(*rest), true;
  if (word[0] == 'b' && rest) return fault.identity.branch = static_cast<int>(*rest), true;
  if (word[0] == '#' && rest) return fault.occurrence = static_cast<std::uint32_t>(*rest), true;
  for (const auto& [number, name] : operations) {
    if (name == word) return fault.identity.operation = number, true;
  }
  return false;
}

}  // namespace

std::string text_of(const Fired& fault) {
  const Identity& identity = fault.identity;
  std::string text(describe(fault.point).name);
  if (identity.transaction >= 0) text += " t" + std::to_string(identity.transaction);
  if (identity.branch >= 0) text += " b" + std::to_string(identity.branch);
  if (identity.operation >= 0) text += " " + name_of(identity.operation);
  if (identity.attempt != 0) text += " attempt " + std::to_string(identity.attempt);
  if (identity.place != 0) text += " at " + std::to_string(identity.place);
  if (fault.occurrence != 0) text += " #" + std::to_string(fault.occurrence);
  if (fault.until_healed) text += " until healed";
  return text;
}

std::optional<Fired> fault_from(std::string_view text, std::string& why) {
  const auto words = words_of(text);
  const auto point = words.empty() ? std::nullopt : point_named(words[0]);
  if (!point) {
    why = "no such fault: " + std::string(text);
    return std::nullopt;
  }
  Fired fault;
  fault.point = *point;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view next = i + 1 < words.size() ? words[i + 1] : std::string_view();
    if (words[i] == "until" && next == "healed") {
      fault.until_healed = true;
      ++i;
    } else if ((words[i] == "attempt" || words[i] == "at") && number_in(next)) {
      if (words[i] == "at") {
        fault.identity.place = static_cast<int>(*number_in(next));
      } else {
        fault.identity.attempt = *number_in(next);
      }
      ++i;
    } else if (!read_word(words[i], fault)) {
      why = "what is '" + std::string(words[i]) + "' in: " + std::string(text);
      return std::nullopt;
    }
  }
  return fault;
}

}  // namespace escrow::sim
