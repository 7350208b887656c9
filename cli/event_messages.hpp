#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Server-Sent Events from the pieces in which they come (WHATWG HTML, 9.2).
namespace escrow::cli {

struct EventMessage {
  /// The id that was in force when it came.
  std::string id;
  std::string event;
  std::string data;
};

class EventMessages {
 public:
  /// The messages that this piece completes. One without data only moves the place.
  [[nodiscard]] std::vector<EventMessage> feed(std::string_view piece);
  /// Where to resume; empty: no id has come.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, std::vector<EventMessage>& out);

  std::string line_;
  bool skips_line_feed_ = false;
  EventMessage message_;
  bool has_data_ = false;
  std::string last_id_;
};

}  // namespace escrow::cli
