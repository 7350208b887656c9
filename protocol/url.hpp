#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace escrow::protocol {

/// The longest URL that is accepted, in characters.
inline constexpr std::size_t max_url_length = 2048;

/// An absolute http or https URL of an operation (docs/protocol.md, 3.2), taken apart.
class Url {
 public:
  /// Strict: no user-info, no fragment, no white space, control or non-ASCII characters, a host that is a name or an
  /// address, a port from 1 to 65535, at most `max_url_length` characters. The error is a sentence for the caller.
  static Result<Url, std::string> parse(std::string_view text);

  /// As it was given.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// True for https.
  [[nodiscard]] bool is_tls() const { return is_tls_; }
  [[nodiscard]] std::string_view scheme() const { return is_tls_ ? "https" : "http"; }
  /// In lower case; an IPv6 address without its brackets, in canonical form.
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Path and query as they go into the request line; never empty, the percent-encoding as it was given.
  [[nodiscard]] const std::string& target() const { return target_; }
  /// The value of the Host header: without the port where it is the scheme's own.
  [[nodiscard]] const std::string& host_header() const { return host_header_; }
  /// Scheme, host and port: what connections, breakers and limits belong to, such as `http://127.0.0.1:8081`.
  [[nodiscard]] const std::string& destination() const { return destination_; }

 private:
  Url() = default;

  std::string text_;
  std::string host_;
  std::string target_;
  std::string host_header_;
  std::string destination_;
  std::uint16_t port_ = 0;
  bool is_tls_ = false;
};

}  // namespace escrow::protocol
