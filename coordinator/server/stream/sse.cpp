#include "coordinator/server/stream/sse.hpp"

#include <fmt/format.h>

#include <iterator>

#include "coordinator/server/transaction_json.hpp"
#include "protocol/words.hpp"

namespace escrow::server::sse {

namespace {
constexpr int reconnect_ms = 2'000;
}

void append_opening(std::string& out, std::int64_t after) {
  fmt::format_to(std::back_inserter(out), "retry: {}\nid: {}\n\n", reconnect_ms, after);
}

// JSON as we write it holds no line break, so one `data` line is enough.
void append_event(std::string& out, const store::StoredEvent& event, bool hides_words) {
  fmt::format_to(std::back_inserter(out), "id: {}\nevent: {}\ndata: ", event.seq, protocol::to_string(event.event.type));
  append_event_of_any(out, event, hides_words);
  out.append("\n\n");
}

void append_gap(std::string& out, std::int64_t after, std::int64_t complete_from, std::int64_t place) {
  fmt::format_to(std::back_inserter(out), "id: {}\nevent: gap\ndata: {{\"after\":{},\"complete_from\":{}}}\n\n", place, after,
                 complete_from);
}

void append_message(std::string& out, std::string_view type, std::string_view json) {
  fmt::format_to(std::back_inserter(out), "event: {}\ndata: {}\n\n", type, json);
}

void append_heartbeat(std::string& out, std::int64_t place) { fmt::format_to(std::back_inserter(out), ":\nid: {}\n\n", place); }

}  // namespace escrow::server::sse
