#include "coordinator/server/config.hpp"

#include "coordinator/server/origin_guard.hpp"
#include "coordinator/transport/target_policy.hpp"

namespace escrow::server {

std::vector<ConfigFault> check_config(const Config& config) {
  std::vector<ConfigFault> faults;
  const std::string host = host_of(config.listen);
  if (host.empty()) {
    faults.push_back({"listen", "must be HOST:PORT, with an IPv6 address in brackets"});
  } else if (!is_loopback_host(host) && !config.auth.is_configured() && !config.auth.insecure) {
    faults.push_back({"listen", config.listen +
                                    " can be reached from other machines, and nothing asks who they are; "
                                    "set auth.tokens_file (escrowd token makes what goes into it), listen on a loopback address, "
                                    "or set auth.insecure: true behind something that asks"});
  }
  if (config.tls.certificate_file.empty() != config.tls.key_file.empty()) {
    const bool key_missing = config.tls.key_file.empty();
    faults.push_back({key_missing ? "tls.key_file" : "tls.certificate_file", "must be set together with the other one"});
  }
  if (const auto policy = transport::TargetPolicy::make(config.targets_allow, {}); !policy)
    faults.push_back({"targets.allow", policy.error().detail});
  if (const auto policy = transport::TargetPolicy::make({}, config.targets_deny); !policy)
    faults.push_back({"targets.deny", policy.error().detail});
  if (config.tombstone < config.retention) faults.push_back({"tombstone_ms", "must not be below retention_ms"});
  return faults;
}

}  // namespace escrow::server
