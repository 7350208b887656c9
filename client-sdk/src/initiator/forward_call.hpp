#pragma once

#include <chrono>
#include <cstdint>
#include <escrow/client_error.hpp>
#include <escrow/context.hpp>
#include <escrow/interactive_scope.hpp>
#include <optional>
#include <string>

#include "client-sdk/src/http/exchange.hpp"
#include "client-sdk/src/http/http_client.hpp"
#include "client-sdk/src/signing/call_signer.hpp"
#include "protocol/result.hpp"
#include "protocol/start_request.hpp"
#include "protocol/words.hpp"

namespace escrow {

/// What a participant's answer to a forward call means (docs/protocol.md, section 4).
enum class ForwardMeaning : std::uint8_t {
  succeeded,
  refused,    ///< 409, 422: it did nothing and will not
  postponed,  ///< 202, 425, 429, 503 with Retry-After: asked again, does not count as an attempt without an answer
  unknown     ///< everything else
};

/// The call of `action` or `try` of one registered branch, by the initiator's own hand.
struct ForwardCall {
  std::string gid;
  std::string branch;
  protocol::OperationName operation = protocol::OperationName::action;
  std::string url;
  std::optional<std::string> payload;
  http::Headers headers;
  protocol::RetryPolicy retry;
  std::chrono::milliseconds request_timeout{3'000};
  /// The transaction's timeout: after it nothing is asked any more.
  http::Clock::time_point deadline;
  /// Each attempt is a span of this trace.
  Context context;
};

/// Pure.
[[nodiscard]] ForwardMeaning classify(const ForwardCall& call, const http::Answer& answer);

/// Calls until there is a definite answer, the attempts are used up or the deadline is there. Errc::refused, or Errc::unknown_outcome
/// (Errc::cancelled when the client closes first). `signer` must outlive the task.
[[nodiscard]] http::Task<Result<ForwardAnswer, ClientError>> make_forward_call(http::HttpClient& client, const signing::CallSigner& signer,
                                                                               ForwardCall call);

}  // namespace escrow
