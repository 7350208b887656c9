#pragma once

#include <string_view>

#include "coordinator/core/transaction.hpp"
#include "coordinator/transport/http_message.hpp"

namespace escrow::server {

/// Whether this is a `traceparent` of W3C Trace Context, of version 00 or of a later one that begins like it.
[[nodiscard]] bool is_traceparent(std::string_view text);

/// The trace that a request belongs to. A malformed one is ignored, as the standard asks for; then a new trace begins.
[[nodiscard]] core::Trace trace_of(const transport::Headers& headers);

}  // namespace escrow::server
