#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/store/log.hpp"

/// Server-Sent Events as text (WHATWG HTML, 9.2; docs/protocol.md, 3.4): what the event stream sends, message by message.
namespace escrow::server::sse {

/// How long a reader waits before it comes again, and where the stream begins: whoever loses the connection before the first event resumes
/// there.
void append_opening(std::string& out, std::int64_t after);
void append_event(std::string& out, const store::StoredEvent& event, bool hides_words);
/// Events between `after` and `complete_from` are missing, or may be. The stream goes on behind `place`.
void append_gap(std::string& out, std::int64_t after, std::int64_t complete_from, std::int64_t place);
/// A message that is no part of the history: it has no id. `json` holds no line break.
void append_message(std::string& out, std::string_view type, std::string_view json);
/// A comment that keeps the connection open, and the place that the reader has come to without having been sent anything.
void append_heartbeat(std::string& out, std::int64_t place);

}  // namespace escrow::server::sse
