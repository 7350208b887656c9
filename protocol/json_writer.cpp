#include "protocol/json_writer.hpp"

#include "protocol/plain_text.hpp"
#include "protocol/utf8.hpp"

namespace escrow::protocol {
namespace {

void append_control(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '\b': out.append("\\b"); return;
    case '\f': out.append("\\f"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out.append("\\u00");
  out.push_back(digits[byte >> 4U]);
  out.push_back(digits[byte & 0xFU]);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t plain = plain_length(text.substr(position));
    out.append(text, position, plain);
    position += plain;
    if (position == text.size()) break;
    const char c = text[position];
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
      ++position;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      append_control(out, c);
      ++position;
    } else if (const std::size_t length = utf8_length(text.substr(position)); length > 0) {
      out.append(text, position, length);
      position += length;
    } else {
      out.append("\xEF\xBF\xBD");
      ++position;
    }
  }
  out.push_back('"');
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

void append_pointer(std::string& out, std::string_view token) {
  out.push_back('/');
  for (const char c : token) {
    if (c == '~') {
      out.append("~0");
    } else if (c == '/') {
      out.append("~1");
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace escrow::protocol
