#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/raw_socket.hpp"

namespace escrow::testing {

/// One message of a stream of Server-Sent Events, its fields as they came.
struct StreamMessage {
  std::string id;
  std::string event;
  std::string data;
  std::string comment;
  bool is_comment = false;
};

/// Reads a stream of Server-Sent Events as a program would that trusts nobody: framing is checked. Every wait ends after ten seconds.
class EventReader {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Connects, asks, and reads the head of the answer. `receive_buffer` above zero: the kernel keeps at most about so many bytes for us.
  EventReader(std::uint16_t port, const std::string& target, const Headers& headers = {}, int receive_buffer = 0);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& head() const { return head_; }

  /// The next message; nothing: the stream has ended, or nothing came.
  std::optional<StreamMessage> next();
  /// The next one that has data.
  std::optional<StreamMessage> next_event();
  /// Whether the stream ended as it should, with its last chunk.
  [[nodiscard]] bool is_ended_in_order() const { return is_ended_; }
  /// The id of the last message that had one: where to resume.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }
  void close() { socket_.close(); }

 private:
  bool receive_chunk();

  RawSocket socket_;
  int status_ = 0;
  std::string head_;
  std::string raw_;
  std::string text_;
  std::string last_id_;
  bool is_ended_ = false;
};

}  // namespace escrow::testing
