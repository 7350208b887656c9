#include "bench/net/message_reader.hpp"

#include <charconv>
#include <cstring>
#include <optional>

namespace escrow::bench {
namespace {

bool same_letters(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + ('a' - 'A')) : text[i];
    if (letter != lower[i]) return false;
  }
  return true;
}

/// The announced length; 0 when none is announced, nothing when the head says something this reader does not know.
std::optional<std::size_t> body_length(std::string_view head) {
  std::size_t length = 0;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (same_letters(name, "transfer-encoding")) return std::nullopt;
    if (!same_letters(name, "content-length")) continue;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (std::from_chars(value.data(), value.data() + value.size(), length).ec != std::errc{}) return std::nullopt;
  }
  return length;
}

}  // namespace

int Message::status() const {
  int status = 0;
  if (first_line.size() >= 12 && first_line.starts_with("HTTP/1.")) std::from_chars(first_line.data() + 9, first_line.data() + 12, status);
  return status;
}

std::string_view Message::target() const {
  const std::size_t begin = first_line.find(' ');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = first_line.find(' ', begin + 1);
  return first_line.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
}

char* MessageReader::prepare(std::size_t room) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_.size() - end_ < room) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() - end_ < room) buffer_.resize(2 * (end_ + room));
  }
  return buffer_.data() + end_;
}

bool MessageReader::next(Message& message) {
  const std::string_view waiting(buffer_.data() + begin_, end_ - begin_);
  const std::size_t head_end = waiting.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return false;
  const std::size_t line_end = waiting.find("\r\n");
  message.first_line = waiting.substr(0, line_end);
  message.head = waiting.substr(line_end + 2, head_end - line_end);
  const auto length = body_length(message.head);
  if (!length) {
    broken_ = true;
    return false;
  }
  const std::size_t size = head_end + 4 + *length;
  if (waiting.size() < size) return false;
  message.body = waiting.substr(head_end + 4, *length);
  begin_ += size;
  return true;
}

void MessageReader::clear() {
  begin_ = end_ = 0;
  broken_ = false;
}

}  // namespace escrow::bench
