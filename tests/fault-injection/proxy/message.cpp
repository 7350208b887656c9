#include "tests/fault-injection/proxy/message.hpp"

#include <algorithm>
#include <charconv>

namespace escrow::proxy {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find("\r\n"), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 2, rest.size()));
  return line;
}

bool read_fields(std::string_view rest, Head& head) {
  for (std::string_view line = next_line(rest); !line.empty(); line = next_line(rest)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    head.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  return true;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace

std::string_view Head::field(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const auto& one) { return same(one.first, name); });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

bool Head::has(std::string_view name) const {
  return std::ranges::any_of(fields, [&](const auto& one) { return same(one.first, name); });
}

std::optional<Head> request_head(std::string bytes) {
  Head head;
  std::string_view rest = bytes;
  const std::string_view line = next_line(rest);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !line.substr(last + 1).starts_with("HTTP/1.")) return std::nullopt;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!read_fields(rest, head)) return std::nullopt;
  head.bytes = std::move(bytes);
  return head;
}

std::optional<Head> answer_head(std::string bytes) {
  Head head;
  std::string_view rest = bytes;
  const std::string_view line = next_line(rest);
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  const auto [end, fault] = std::from_chars(line.data() + 9, line.data() + 12, head.status);
  if (fault != std::errc() || end != line.data() + 12 || head.status < 100) return std::nullopt;
  if (!read_fields(rest, head)) return std::nullopt;
  head.bytes = std::move(bytes);
  return head;
}

Body Body::framed(const Head& head, bool is_request) {
  Body body;
  const auto fields = [&](std::string_view name) {
    return std::ranges::count_if(head.fields, [&](const auto& one) { return same(one.first, name); });
  };
  const auto lengths = fields("Content-Length");
  if (fields("Transfer-Encoding") > 0) {
    const bool is_clear = lengths == 0 && same(head.field("Transfer-Encoding"), "chunked");
    body.state_ = is_clear ? State::chunk_size : State::open_ended;
    return body;
  }
  if (lengths == 0) {
    body.state_ = is_request ? State::complete : State::open_ended;
    return body;
  }
  const std::string_view text = head.field("Content-Length");
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), body.left_);
  if (lengths > 1 || fault != std::errc() || end != text.data() + text.size()) {
    body.state_ = State::open_ended;
  } else {
    body.state_ = body.left_ == 0 ? State::complete : State::length;
  }
  return body;
}

Body Body::of_request(const Head& head) { return framed(head, true); }

Body Body::of_answer(const Head& head, std::string_view method) {
  const bool has_none = method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304;
  return has_none ? Body() : framed(head, false);
}

std::size_t Body::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ != State::complete) {
    if (state_ == State::open_ended) return bytes.size();
    if (state_ == State::length || state_ == State::chunk_data) {
      const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - taken));
      taken += some;
      left_ -= some;
      if (left_ == 0) state_ = state_ == State::length ? State::complete : State::chunk_end;
    } else {
      chunk_byte(bytes[taken++]);
    }
  }
  return taken;
}

void Body::chunk_byte(char byte) {
  switch (state_) {
    case State::chunk_size:
      if (const int value = digit(byte); value >= 0 && left_ < (1ULL << 56U)) {
        left_ = left_ * 16 + static_cast<unsigned>(value);
        has_digit_ = true;
      } else if (has_digit_ && (byte == '\r' || byte == ';' || byte == ' ')) {
        state_ = State::chunk_extension;
      } else {
        state_ = State::open_ended;
      }
      break;
    case State::chunk_extension:
      if (byte != '\n') break;
      state_ = left_ == 0 ? State::trailer : State::chunk_data;
      has_digit_ = false;
      line_ = 0;
      break;
    case State::chunk_end:
      if (byte == '\n') {
        state_ = State::chunk_size;
      } else if (byte != '\r') {
        state_ = State::open_ended;
      }
      break;
    case State::trailer:
      if (byte == '\n') {
        if (line_ == 0) state_ = State::complete;
        line_ = 0;
      } else if (byte != '\r') {
        ++line_;
      }
      break;
    case State::length:
    case State::chunk_data:
    case State::open_ended:
    case State::complete: break;
  }
}

}  // namespace escrow::proxy
