#pragma once

#include <string>

#include "coordinator/server/config.hpp"
#include "coordinator/server/log.hpp"

namespace escrow {

/// The exit statuses of `escrowd` (docs/protocol.md, 6).
inline constexpr int exit_clean = 0;
inline constexpr int exit_store = 1;
inline constexpr int exit_config = 2;

/// Builds every part of the coordinator, passes each what it needs, serves until SIGTERM or SIGINT, and takes it all down again in the
/// opposite order. Prints the ready line to standard output. Answers the exit status.
[[nodiscard]] int run_daemon(const server::Config& config, const std::string& version, server::Logger& logger);

}  // namespace escrow
