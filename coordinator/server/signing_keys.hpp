#pragma once

#include <vector>

#include "coordinator/engine/driver/call_signer.hpp"
#include "coordinator/server/config.hpp"
#include "protocol/result.hpp"

namespace escrow::server {

/// The keys that calls are signed with, from the file of `targets.credentials_file`; without one: none. Every fault is told at once, and
/// none quotes a key.
[[nodiscard]] Result<engine::driver::TargetKeys, std::vector<ConfigFault>> load_signing_keys(const Config& config);

}  // namespace escrow::server
