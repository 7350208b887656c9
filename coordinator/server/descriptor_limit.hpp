#pragma once

#include <cstdint>

#include "coordinator/server/config.hpp"
#include "coordinator/server/log.hpp"

namespace escrow::server {

/// Raises the soft limit of file descriptors to the hard one. Where that is too small for the configured limits, lowers them so that they
/// fit, and says so: a descriptor that is missing at the wrong moment would hit the log or a call, not the newest client.
void fit_descriptor_limit(Config& config, Logger& logger);

/// The share of connections that fits when `descriptors` are there. Pure, for tests.
void fit_descriptors(Config& config, std::uint64_t descriptors);

}  // namespace escrow::server
