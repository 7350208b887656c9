#include "coordinator/engine/driver/call_request.hpp"

#include <fmt/format.h>

#include <memory>

#include "protocol/headers.hpp"

namespace escrow::engine::driver {
namespace {

std::uint64_t nonzero(std::mt19937_64& random) {
  // All zero is not a valid id (W3C Trace Context, 3.2.2).
  for (;;) {
    if (const std::uint64_t value = random(); value != 0) return value;
  }
}

/// The trace stays, the span is this attempt's: version-traceid-spanid-flags.
std::string with_new_span(const std::string& traceparent, std::mt19937_64& random) {
  constexpr std::size_t span_at = 36;
  constexpr std::size_t flags_at = 52;
  return fmt::format("{}{:016x}{}", traceparent.substr(0, span_at), nonzero(random), traceparent.substr(flags_at));
}

/// A branch's headers come before the transaction's of the same name.
bool is_overridden(const protocol::HeaderField& field, const node::CallWanted& call) {
  if (!call.branch) return false;
  for (const auto& own : call.branch->headers) {
    if (protocol::equal_header_names(own.name, field.name)) return true;
  }
  return false;
}

}  // namespace

std::string new_traceparent(std::mt19937_64& random) {
  return fmt::format("00-{:016x}{:016x}-{:016x}-01", nonzero(random), random(), nonzero(random));
}

std::optional<transport::OutboundCall> make_call_request(const node::CallWanted& call, std::mt19937_64& random) {
  auto url = protocol::Url::parse(call.url);
  if (!url) return std::nullopt;
  transport::OutboundCall request(std::move(*url));
  request.timeout(call.timeout);
  const std::string_view branch = call.branch ? std::string_view(call.branch->id.text()) : std::string_view();
  request.header(protocol::header_gid, call.gid.text());
  if (call.branch) request.header(protocol::header_branch, branch);
  request.header(protocol::header_operation, protocol::to_string(call.operation));
  request.header(protocol::header_phase, protocol::to_string(call.phase));
  request.header(protocol::header_attempt, std::to_string(call.attempt));
  request.header(protocol::header_idempotency_key, protocol::idempotency_key(call.gid.text(), branch, call.operation));
  request.header(protocol::header_traceparent, with_new_span(call.trace.traceparent, random));
  if (!call.trace.tracestate.empty()) request.header(protocol::header_tracestate, call.trace.tracestate);
  for (const auto& field : call.request->headers) {
    if (!is_overridden(field, call)) request.header(field.name, field.value);
  }
  if (!call.branch) return request;
  for (const auto& field : call.branch->headers) request.header(field.name, field.value);
  if (call.branch->payload) {
    request.header("Content-Type", "application/json");
    // The payload lives as long as its branch: no copy.
    request.body(std::shared_ptr<const std::string>(call.branch, &*call.branch->payload));
  }
  return request;
}

}  // namespace escrow::engine::driver
