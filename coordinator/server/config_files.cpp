#include "coordinator/server/config_files.hpp"

#include <utility>

#include "coordinator/server/credentials_file.hpp"

namespace escrow::server {

std::vector<ConfigFault> check_config_files(const Config& config) {
  std::vector<ConfigFault> faults;
  if (auto credentials = read_credentials(config.targets_credentials_file); !credentials) faults = std::move(credentials.error());
  return faults;
}

}  // namespace escrow::server
