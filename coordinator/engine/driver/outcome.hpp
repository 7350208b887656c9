#pragma once

#include "coordinator/core/event.hpp"
#include "coordinator/engine/node/output.hpp"
#include "coordinator/transport/http_client.hpp"

namespace escrow::engine::driver {

/// The longest body that is kept as `output`.
inline constexpr std::size_t longest_output = 65536;

/// What a participant's answer means (docs/protocol.md, section 4): the one place where answers are classed. The status decides, never
/// the body; only what shows that somebody else answered (an HTML page, another call's headers) makes a 2xx unknown. `wall` is for a
/// Retry-After that names a date. Throws nothing but bad_alloc.
[[nodiscard]] core::Outcome outcome_of(const transport::CallAnswer& answer, const node::CallWanted& call,
                                       std::chrono::system_clock::time_point wall);

}  // namespace escrow::engine::driver
