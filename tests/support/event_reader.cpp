#include "tests/support/event_reader.hpp"

#include <sys/socket.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace escrow::testing {

EventReader::EventReader(std::uint16_t port, const std::string& target, const Headers& headers, int receive_buffer)
    : socket_(RawSocket::connect(port)) {
  if (receive_buffer > 0) ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  std::string request = "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n";
  for (const auto& [name, value] : headers) request.append(name).append(": ").append(value).append("\r\n");
  socket_.send(request + "\r\n");
  std::size_t end = std::string::npos;
  while ((end = raw_.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = socket_.receive_some();
    if (more.empty()) return;
    raw_.append(more);
  }
  head_ = raw_.substr(0, end + 4);
  raw_.erase(0, end + 4);
  if (head_.size() > 12) status_ = std::atoi(head_.c_str() + 9);
}

bool EventReader::receive_chunk() {
  for (;;) {
    const std::size_t end = raw_.find("\r\n");
    if (end != std::string::npos) {
      const std::size_t size = std::stoul(raw_.substr(0, end), nullptr, 16);
      if (raw_.size() >= end + 2 + size + 2) {
        if (raw_.compare(end + 2 + size, 2, "\r\n") != 0) throw std::runtime_error("a chunk does not end where it said");
        text_.append(raw_, end + 2, size);
        raw_.erase(0, end + 2 + size + 2);
        is_ended_ = size == 0;
        return !is_ended_;
      }
    }
    const std::string more = socket_.receive_some();
    if (more.empty()) return false;
    raw_.append(more);
  }
}

std::optional<StreamMessage> EventReader::next() {
  std::size_t end = 0;
  while ((end = text_.find("\n\n")) == std::string::npos) {
    if (!receive_chunk()) return std::nullopt;
  }
  std::istringstream lines(text_.substr(0, end));
  text_.erase(0, end + 2);
  StreamMessage message;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (name == "id") message.id = value;
    if (name == "event") message.event = value;
    if (name == "data") message.data += (message.data.empty() ? "" : "\n") + value;
    if (name.empty()) {
      message.is_comment = true;
      message.comment = value;
    }
  }
  if (!message.id.empty()) last_id_ = message.id;
  return message;
}

std::optional<StreamMessage> EventReader::next_event() {
  constexpr int patience = 10'000;
  for (int turn = 0; turn < patience; ++turn) {
    auto message = next();
    if (!message || !message->data.empty()) return message;
  }
  return std::nullopt;
}

}  // namespace escrow::testing
