#pragma once

#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/http_message.hpp"

#include <chrono>
#include <string>
#include <string_view>

/// Messages to bytes: headers are written into a buffer that is kept, bodies go out from where they are.
namespace escrow::transport {

/// How the end of an answer's body is marked.
enum class AnswerFraming { content_length, chunked, until_close };

/// Writes status line and headers. False, with `out` unusable, if a header of the response holds control characters or is
/// the transport's own: the handler broke its promise.
[[nodiscard]] bool write_answer_head(std::string& out, const Response& response, AnswerFraming framing, bool keep_alive, int version,
                                     std::string_view date);

/// Writes request line and headers, Host and Content-Length included. False if one of them cannot be written.
[[nodiscard]] bool write_request_head(std::string& out, const OutboundCall& call);

/// Renders the Date header once a second.
class DateHeader {
 public:
  [[nodiscard]] std::string_view text(std::chrono::system_clock::time_point now);

 private:
  std::chrono::sys_seconds rendered_for_{};
  std::string text_;
};

}  // namespace escrow::transport
