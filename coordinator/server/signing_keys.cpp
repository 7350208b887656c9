#include "coordinator/server/signing_keys.hpp"

#include <utility>

#include "coordinator/server/credentials_file.hpp"

namespace escrow::server {

Result<engine::driver::TargetKeys, std::vector<ConfigFault>> load_signing_keys(const Config& config) {
  const auto credentials = read_credentials(config.targets_credentials_file);
  if (!credentials) return credentials.error();
  auto keys = engine::driver::TargetKeys::make(*credentials);
  if (keys) return std::move(*keys);
  std::vector<ConfigFault> faults;
  for (const std::string& fault : keys.error()) {
    faults.push_back({"targets.credentials_file", config.targets_credentials_file + ": " + fault});
  }
  return faults;
}

}  // namespace escrow::server
