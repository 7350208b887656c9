#include <escrow/outcome.hpp>

#include <algorithm>
#include <utility>

#include "client-sdk/src/participant/problem.hpp"

namespace escrow {

Outcome Outcome::succeeded(std::string output) {
  Outcome outcome(Kind::succeeded);
  outcome.output_ = std::move(output);
  return outcome;
}

Outcome Outcome::refused(std::string reason) {
  Outcome outcome(Kind::refused);
  outcome.reason_ = std::move(reason);
  return outcome;
}

Outcome Outcome::in_progress(std::chrono::seconds retry_after) {
  Outcome outcome(Kind::in_progress);
  outcome.reason_ = "in progress";
  // 0 would read as "no wish" (docs/protocol.md, section 4).
  outcome.retry_after_ = std::max(retry_after, std::chrono::seconds(1));
  return outcome;
}

Outcome Outcome::busy(std::string reason, std::optional<std::chrono::seconds> retry_after) {
  Outcome outcome(Kind::busy);
  outcome.reason_ = std::move(reason);
  if (retry_after) outcome.retry_after_ = std::max(*retry_after, std::chrono::seconds(1));
  return outcome;
}

Outcome Outcome::unavailable(std::string reason) {
  Outcome outcome(Kind::unavailable);
  outcome.reason_ = std::move(reason);
  return outcome;
}

HttpAnswer Outcome::to_http() const {
  HttpAnswer answer;
  switch (kind_) {
    case Kind::succeeded:
      answer.body = output_;
      if (!output_.empty()) answer.content_type = "application/json";
      return answer;
    case Kind::refused: return participant::problem(409, "refused", "Refused", reason_);
    case Kind::in_progress: answer.status = 202; break;
    case Kind::busy: answer = participant::problem(425, "busy", "Busy", reason_); break;
    // No Retry-After here: with it, the call would not count as an attempt, and a broken handler would be asked for ever.
    case Kind::unavailable: return participant::problem(503, "unavailable", "Unavailable", reason_);
  }
  answer.retry_after = retry_after_;
  return answer;
}

}  // namespace escrow
