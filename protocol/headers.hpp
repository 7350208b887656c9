#pragma once

#include <string>
#include <string_view>

#include "protocol/words.hpp"

/// The HTTP headers of docs/protocol.md, section 4.
namespace escrow::protocol {

inline constexpr std::string_view header_gid = "Escrow-Gid";
inline constexpr std::string_view header_branch = "Escrow-Branch";
inline constexpr std::string_view header_operation = "Escrow-Operation";
inline constexpr std::string_view header_phase = "Escrow-Phase";
inline constexpr std::string_view header_attempt = "Escrow-Attempt";
inline constexpr std::string_view header_actor = "Escrow-Actor";
inline constexpr std::string_view header_idempotency_key = "Idempotency-Key";
inline constexpr std::string_view header_traceparent = "traceparent";
inline constexpr std::string_view header_tracestate = "tracestate";
/// Those of a signed call: what `signing/` makes and checks.
inline constexpr std::string_view header_webhook_id = "webhook-id";
inline constexpr std::string_view header_webhook_timestamp = "webhook-timestamp";
inline constexpr std::string_view header_webhook_signature = "webhook-signature";

/// `gid/branch/operation`: the same for every attempt. An empty branch gives `gid/check`, the key of a check.
[[nodiscard]] std::string idempotency_key(std::string_view gid, std::string_view branch, OperationName operation);

/// Names that a request may not set in `headers`: Host, framing, hop-by-hop, Escrow-*, Idempotency-Key, trace context, signature. Case is
/// ignored.
[[nodiscard]] bool is_reserved_header(std::string_view name);

/// ASCII case-insensitive comparison, as RFC 9110 5.1 asks for field names.
[[nodiscard]] bool equal_header_names(std::string_view left, std::string_view right);

}  // namespace escrow::protocol
