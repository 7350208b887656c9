#include "protocol/signing/key_list.hpp"

#include <cstddef>

namespace escrow::protocol::signing {
namespace {

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view white = " \t\r";
  const auto begin = line.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(white) - begin + 1);
}

}  // namespace

Result<std::vector<VerifyingKey>, std::string> read_key_list(std::string_view text) {
  std::vector<VerifyingKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto word = trimmed(line.substr(0, line.find('#')));
    if (word.empty()) continue;
    const bool is_forward = word.starts_with("forward ") || word.starts_with("forward\t");
    if (is_forward) word = trimmed(word.substr(std::string_view("forward").size()));
    auto key = VerifyingKey::parse(word);
    if (!key) return "line " + std::to_string(number) + ": " + key.error();
    keys.push_back(is_forward ? key->for_forward_calls() : std::move(*key));
  }
  if (keys.empty()) return std::string("it holds no key");
  return keys;
}

}  // namespace escrow::protocol::signing
