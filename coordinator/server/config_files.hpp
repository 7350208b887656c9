#pragma once

#include <vector>

#include "coordinator/server/config.hpp"

/// The files that a configuration names, looked at before anything is started: `--check-config` and the start agree on what can be used.
namespace escrow::server {

[[nodiscard]] std::vector<ConfigFault> check_config_files(const Config& config);

}  // namespace escrow::server
