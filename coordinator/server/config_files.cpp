#include "coordinator/server/config_files.hpp"

#include <utility>

#include "coordinator/server/auth/authenticator.hpp"
#include "coordinator/server/credentials_file.hpp"
#include "coordinator/server/signing_keys.hpp"

namespace escrow::server {

std::vector<ConfigFault> check_config_files(const Config& config) {
  std::vector<ConfigFault> faults;
  if (auto credentials = read_credentials(config.targets_credentials_file); !credentials) faults = std::move(credentials.error());
  if (config.auth.is_configured()) {
    // Warnings are for the start.
    const auto tokens = auth::read_tokens(config.auth, [](std::string_view) {});
    if (!tokens) faults.push_back({std::string(config.auth.key()), tokens.error().detail});
  }
  if (faults.empty()) {
    if (const auto keys = load_signing_keys(config); !keys) faults = keys.error();
  }
  return faults;
}

}  // namespace escrow::server
