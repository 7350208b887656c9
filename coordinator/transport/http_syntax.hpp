#pragma once

#include <algorithm>
#include <string_view>

/// The character classes of RFC 9110 that both directions need.
namespace escrow::transport {

[[nodiscard]] constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A character of a method or of a field name.
[[nodiscard]] constexpr bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
}

/// A character of a field value: anything but control characters; the tab is none here.
[[nodiscard]] constexpr bool is_field_char(char c) { return static_cast<unsigned char>(c) >= ' ' ? c != 0x7f : c == '\t'; }

[[nodiscard]] constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_token_char(c); });
}

[[nodiscard]] constexpr bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_field_char(c); });
}

}  // namespace escrow::transport
