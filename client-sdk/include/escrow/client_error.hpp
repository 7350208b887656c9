#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <escrow/error.hpp>

#include "protocol/words.hpp"

namespace escrow {

/// One thing that is wrong with a request: where, and what.
class FieldFault {
 public:
  FieldFault(std::string place, std::string detail) : place_(std::move(place)), detail_(std::move(detail)) {}

  /// A JSON pointer into the request (`/branches/0/action`), or the name of a query parameter.
  [[nodiscard]] const std::string& place() const noexcept { return place_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  std::string place_;
  std::string detail_;
};

/// Why a call of the Client did not give what it was asked for. Branch on `code()`; the rest is for people and logs.
class ClientError {
 public:
  ClientError(Errc code, std::string detail) : code_(code), detail_(std::move(detail)) {}

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  /// The transaction it is about: what to look up after Errc::unknown_outcome. Empty where there is none.
  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  /// The HTTP status that led to it; 0 when there was no answer.
  [[nodiscard]] unsigned http_status() const noexcept { return http_status_; }
  /// The `code` of the problem document (docs/protocol.md, 3.1); nothing when there was none, or a newer one.
  [[nodiscard]] std::optional<protocol::ProblemCode> problem() const noexcept { return problem_; }
  /// Every fault of an invalid request at once.
  [[nodiscard]] const std::vector<FieldFault>& faults() const noexcept { return faults_; }
  /// JSON pointers in which the request differs from the recorded one (gid_conflict, branch_conflict).
  [[nodiscard]] const std::vector<std::string>& differs() const noexcept { return differs_; }
  /// What is known of a transaction whose end was waited for in vain.
  [[nodiscard]] std::optional<protocol::Status> last_status() const noexcept { return last_status_; }

  /// Code, detail and every fault in one line.
  [[nodiscard]] std::string to_string() const;
  /// For code that deals in escrow::Error.
  [[nodiscard]] Error to_error() const { return make_error(code_, to_string()); }

  ClientError& gid(std::string gid) {
    gid_ = std::move(gid);
    return *this;
  }
  ClientError& http_status(unsigned status) {
    http_status_ = status;
    return *this;
  }
  ClientError& problem(std::optional<protocol::ProblemCode> problem) {
    problem_ = problem;
    return *this;
  }
  ClientError& faults(std::vector<FieldFault> faults) {
    faults_ = std::move(faults);
    return *this;
  }
  ClientError& differs(std::vector<std::string> differs) {
    differs_ = std::move(differs);
    return *this;
  }
  ClientError& last_status(protocol::Status status) {
    last_status_ = status;
    return *this;
  }

 private:
  Errc code_;
  std::string detail_;
  std::string gid_;
  unsigned http_status_ = 0;
  std::optional<protocol::ProblemCode> problem_;
  std::vector<FieldFault> faults_;
  std::vector<std::string> differs_;
  std::optional<protocol::Status> last_status_;
};

}  // namespace escrow
