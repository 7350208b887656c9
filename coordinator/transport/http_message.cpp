#include "coordinator/transport/http_message.hpp"

#include "coordinator/transport/http_syntax.hpp"

#include <algorithm>

namespace escrow::transport {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.push_back(
      {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  // The text stays behind until `clear`: removing is rare, and messages are short-lived.
  std::erase_if(fields_, [&](const Field& field) {
    return equals_ignoring_case(std::string_view(text_).substr(field.name_at, field.name_size), name);
  });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header header : *this) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t found = 0;
  for (const Header header : *this) found += equals_ignoring_case(header.name, name) ? 1 : 0;
  return found;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (const Header header : *this) {
    if (!equals_ignoring_case(header.name, name)) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

Header Headers::operator[](std::size_t index) const {
  const Field& field = fields_[index];
  const std::string_view text(text_);
  return {text.substr(field.name_at, field.name_size), text.substr(field.name_at + field.name_size, field.value_size)};
}

void Headers::clear() {
  text_.clear();
  fields_.clear();
}

}  // namespace escrow::transport
