#include "cli/event_messages.hpp"

#include <utility>

namespace escrow::cli {

std::vector<EventMessage> EventMessages::feed(std::string_view piece) {
  std::vector<EventMessage> out;
  for (const char c : piece) {
    // A line ends with CR, LF, or both; the pair may be torn apart.
    if (std::exchange(skips_line_feed_, false) && c == '\n') continue;
    if (c != '\n' && c != '\r') {
      line_.push_back(c);
      continue;
    }
    skips_line_feed_ = c == '\r';
    take_line(line_, out);
    line_.clear();
  }
  return out;
}

void EventMessages::take_line(std::string_view line, std::vector<EventMessage>& out) {
  if (line.empty()) {
    last_id_ = message_.id;
    if (has_data_) out.push_back(message_);
    // The id stays in force until another one comes.
    message_.event.clear();
    message_.data.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id") message_.id = value;
  if (name == "event") message_.event = value;
  if (name != "data") return;
  if (std::exchange(has_data_, true)) message_.data.push_back('\n');
  message_.data.append(value);
}

}  // namespace escrow::cli
