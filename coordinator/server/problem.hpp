#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/transport/http_message.hpp"
#include "coordinator/transport/http_server.hpp"
#include "protocol/fault.hpp"
#include "protocol/words.hpp"

/// What goes wrong, as the caller is told: problem documents (RFC 9457; docs/protocol.md, 3.1). The one file where failures become HTTP.
namespace escrow::server {

/// A class rather than an aggregate: it travels through coroutines.
class Problem {
 public:
  explicit Problem(protocol::ProblemCode code, std::string detail = {}) : code_(code), detail_(std::move(detail)) {}

  Problem& faults(std::vector<protocol::Fault> faults) {
    faults_ = std::move(faults);
    return *this;
  }
  Problem& differs(std::vector<std::string> pointers) {
    differs_ = std::move(pointers);
    return *this;
  }
  /// For `method_not_allowed`.
  Problem& allow(std::string methods) {
    allow_ = std::move(methods);
    return *this;
  }

  /// Instead of the usual time.
  Problem& retry_after(std::chrono::seconds time) {
    retry_after_ = time;
    return *this;
  }
  /// `WWW-Authenticate`.
  Problem& challenge(std::string challenge) {
    challenge_ = std::move(challenge);
    return *this;
  }

  [[nodiscard]] protocol::ProblemCode code() const noexcept { return code_; }
  /// The answer with status, headers (`Allow`, `Retry-After`, `WWW-Authenticate`) and document.
  [[nodiscard]] transport::Response to_response() const;

 private:
  protocol::ProblemCode code_;
  std::string detail_;
  std::optional<std::vector<protocol::Fault>> faults_;
  std::optional<std::vector<std::string>> differs_;
  std::string allow_;
  std::string challenge_;
  std::optional<std::chrono::seconds> retry_after_;
};

/// The document for what fails below the handlers: framing, limits, time-outs, exceptions.
[[nodiscard]] transport::Response render_transport_error(transport::ProtocolError error, std::string_view detail);

/// What RFC 9110 calls the status; empty for one that we never send.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

}  // namespace escrow::server
