#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace escrow::testing {

/// A message as a test sees it: header names as they came.
struct HttpMessage {
  /// Of an answer; 0 when none came.
  int status = 0;
  /// Of a request.
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The first field of that name, without regard to case.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// Takes a message apart; one that is none has status 0 and no method.
[[nodiscard]] HttpMessage parse_http(std::string_view text);

/// Sends one request on a connection of its own and waits for the answer. `Host` and `Content-Length` are added, and
/// `Content-Type: application/json` for a body, unless given. Throws std::runtime_error if nobody listens.
[[nodiscard]] HttpMessage send_http(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body = "",
                                    const std::vector<std::pair<std::string, std::string>>& headers = {});

}  // namespace escrow::testing
