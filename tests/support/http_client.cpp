#include "tests/support/http_client.hpp"

#include <algorithm>
#include <charconv>

#include "tests/support/raw_socket.hpp"

namespace escrow::testing {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

/// Takes a line off the front, without its CRLF.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

bool has(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const auto& header) { return same_name(header.first, name); });
}

}  // namespace

std::optional<std::string> HttpMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

HttpMessage parse_http(std::string_view text) {
  HttpMessage message;
  const std::string_view start = next_line(text);
  const std::size_t space = start.find(' ');
  if (space == std::string_view::npos) return message;
  const std::string_view rest = start.substr(space + 1);
  if (start.starts_with("HTTP/")) {
    std::from_chars(rest.data(), rest.data() + rest.size(), message.status);
  } else {
    message.method = start.substr(0, space);
    message.target = rest.substr(0, rest.find(' '));
  }
  for (std::string_view line = next_line(text); !line.empty(); line = next_line(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    message.headers.emplace_back(line.substr(0, colon), value);
  }
  message.body = text;
  return message;
}

HttpMessage send_http(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                      const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  if (!has(headers, "Host")) text += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() && !has(headers, "Content-Type")) text += "Content-Type: application/json\r\n";
  if (!has(headers, "Content-Length")) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "Connection: close\r\n\r\n" + body;
  RawSocket socket = RawSocket::connect(port);
  socket.send(text);
  return parse_http(socket.receive_all());
}

}  // namespace escrow::testing
