#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "coordinator/engine/node/output.hpp"
#include "coordinator/transport/http_client.hpp"

namespace escrow::engine::driver {

/// The request of docs/protocol.md, section 4: method, headers, payload bytes as they came. Nothing if the stored URL is none any more.
[[nodiscard]] std::optional<transport::OutboundCall> make_call_request(const node::CallWanted& call, std::mt19937_64& random);

/// A new W3C trace, sampled: for a start request that had none.
[[nodiscard]] std::string new_traceparent(std::mt19937_64& random);

}  // namespace escrow::engine::driver
