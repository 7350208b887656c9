#pragma once

#include <algorithm>
#include <chrono>
#include <escrow/client_error.hpp>
#include <string>
#include <utility>

#include "client-sdk/src/http/exchange.hpp"

namespace escrow {

/// One operation of the coordinator's API, before it is known which address will answer it.
struct ApiCall {
  std::string method = "GET";
  /// `/v1/...`, without a query.
  std::string path;
  /// Without `?`; `wait_ms` is added per attempt.
  std::string query;
  std::string body;
  /// The transaction it is about; empty for lists and info.
  std::string gid;
  http::Headers headers;
  /// How long the answer may be held back for the end of the transaction.
  http::Clock::time_point wait_until;
  /// After this nothing is tried any more.
  http::Clock::time_point give_up;

  /// A look changes nothing, so a lost answer leaves nothing unknown.
  [[nodiscard]] bool only_looks() const { return method == "GET"; }
};

/// What an answer that is no success means for the call.
struct Verdict {
  enum class Kind {
    definite,      ///< the coordinator said no: `error` is the result
    not_recorded,  ///< try again; nothing of this attempt was recorded
    unavailable,   ///< try again; 503
    maybe          ///< try again; it may have been recorded
  };
  Kind kind;
  ClientError error;
};

/// Judges an answer other than 2xx by docs/protocol.md, 3.1. Pure.
[[nodiscard]] Verdict judge(const http::Answer& answer, const std::string& gid);

}  // namespace escrow
