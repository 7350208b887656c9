#include "client-sdk/src/initiator/forward_call.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string_view>
#include <utility>

#include "client-sdk/src/http/retry_after.hpp"
#include "protocol/headers.hpp"
#include "protocol/json_reader.hpp"

namespace escrow {
namespace {

using http::Clock;
using std::chrono::milliseconds;

constexpr std::size_t answer_limit = std::size_t{1} << 20U;
constexpr std::size_t output_limit = std::size_t{64} << 10U;

bool differs(const http::Answer& answer, std::string_view name, std::string_view expected) {
  const auto value = answer.header(name);
  return value && *value != expected;
}

bool is_html(const http::Answer& answer) {
  const auto type = answer.header("Content-Type");
  if (!type || type->size() < 9) return false;
  return protocol::equal_header_names(type->substr(0, 9), "text/html");
}

/// docs/protocol.md, section 4: before call n+1.
milliseconds back_off(const protocol::RetryPolicy& retry, std::int64_t calls) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double grown =
      static_cast<double>(retry.initial_ms) * std::pow(retry.multiplier, static_cast<double>(std::min<std::int64_t>(calls, 1'000) - 1));
  const double bounded = std::min(static_cast<double>(retry.max_ms), grown);
  const double u = std::uniform_real_distribution<double>(0.0, 1.0)(random);
  return milliseconds(static_cast<std::int64_t>(bounded * (1.0 - retry.jitter * u)));
}

http::Request to_request(const ForwardCall& call, std::int64_t attempt) {
  http::Request request;
  request.url = call.url;
  request.headers = call.headers;
  const auto set = [&request](std::string_view name, std::string value) {
    request.headers.emplace_back(std::string(name), std::move(value));
  };
  set(protocol::header_gid, call.gid);
  set(protocol::header_branch, call.branch);
  set(protocol::header_operation, std::string(protocol::to_string(call.operation)));
  set(protocol::header_phase, std::string(protocol::to_string(protocol::Phase::forward)));
  set(protocol::header_attempt, std::to_string(attempt));
  set(protocol::header_idempotency_key, protocol::idempotency_key(call.gid, call.branch, call.operation));
  set(protocol::header_traceparent, call.context.child_traceparent());
  if (!call.context.tracestate().empty()) set(protocol::header_tracestate, call.context.tracestate());
  if (call.payload) {
    set("Content-Type", "application/json");
    request.body = *call.payload;
  }
  request.deadline = std::min(call.deadline, Clock::now() + call.request_timeout);
  return request;
}

/// What a refusal says, cut to what fits into a message.
std::string words_of(const http::Answer& answer) {
  constexpr std::size_t limit = 1'024;
  std::string words = std::to_string(answer.status);
  if (const auto document = protocol::JsonDocument::read(answer.body)) {
    if (const auto detail = document.value().root().find("detail"); detail && detail->is(protocol::JsonType::string)) {
      return words + ": " + detail->string().substr(0, limit);
    }
  }
  if (!answer.body.empty() && !is_html(answer)) words += ": " + answer.body.substr(0, limit);
  return words;
}

}  // namespace

ForwardMeaning classify(const ForwardCall& call, const http::Answer& answer) {
  if (answer.body.size() > answer_limit) return ForwardMeaning::unknown;
  switch (answer.status) {
    case 409:
    case 422: return ForwardMeaning::refused;
    case 202:
    case 425:
    case 429: return ForwardMeaning::postponed;
    case 503: return answer.header("Retry-After") ? ForwardMeaning::postponed : ForwardMeaning::unknown;
    default: break;
  }
  if (answer.status / 100 != 2) return ForwardMeaning::unknown;
  // A proxy's page, or the answer to somebody else's request.
  const bool strange = is_html(answer) || differs(answer, protocol::header_gid, call.gid) ||
                       differs(answer, protocol::header_branch, call.branch) ||
                       differs(answer, protocol::header_operation, protocol::to_string(call.operation));
  return strange ? ForwardMeaning::unknown : ForwardMeaning::succeeded;
}

http::Task<Result<ForwardAnswer, ClientError>> make_forward_call(http::HttpClient& client, const signing::CallSigner& signer,
                                                                 ForwardCall call) {
  std::int64_t unclear = 0;
  std::string last = "no time was left to call";
  for (std::int64_t attempt = 1; Clock::now() < call.deadline; ++attempt) {
    auto request = to_request(call, attempt);
    signer.sign(request);
    const auto answer = co_await client.exchange(std::move(request));
    std::optional<milliseconds> retry_after;
    bool counts = true;
    if (answer) {
      if (const auto header = answer->header("Retry-After")) {
        retry_after = http::parse_retry_after(*header, std::chrono::system_clock::now());
      }
      switch (classify(call, answer.value())) {
        case ForwardMeaning::succeeded: {
          const bool kept = answer->body.size() <= output_limit && protocol::is_valid_json(answer->body);
          co_return ForwardAnswer(kept ? answer->body : std::string(), attempt);
        }
        case ForwardMeaning::refused:
          co_return ClientError(Errc::refused, call.branch + " answered " + words_of(answer.value()))
              .gid(call.gid)
              .http_status(answer->status);
        case ForwardMeaning::postponed: counts = false; break;
        case ForwardMeaning::unknown: break;
      }
      last = words_of(answer.value());
    } else {
      last = answer.error().detail;
    }
    if (client.is_closing())
      co_return ClientError(Errc::cancelled, "the client was destroyed while " + call.branch + " was called").gid(call.gid);
    if (counts && call.retry.max_attempts != 0 && ++unclear >= call.retry.max_attempts) break;
    const auto pause = std::max(back_off(call.retry, attempt), retry_after.value_or(milliseconds(0)));
    if (Clock::now() + pause >= call.deadline) break;
    if (!co_await client.sleep_until(Clock::now() + pause)) {
      co_return ClientError(Errc::cancelled, "the client was destroyed while " + call.branch + " was called").gid(call.gid);
    }
  }
  co_return ClientError(Errc::unknown_outcome, call.branch + " gave no clear answer: " + last).gid(call.gid);
}

}  // namespace escrow
