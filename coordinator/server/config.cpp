#include "coordinator/server/config.hpp"

#include "coordinator/server/origin_guard.hpp"
#include "coordinator/server/secrets/payload_mask.hpp"
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
  const auto check_pair = [&](const std::string& section, const std::string& certificate_file, const std::string& key_file) {
    if (certificate_file.empty() == key_file.empty()) return;
    faults.push_back({section + (key_file.empty() ? ".key_file" : ".certificate_file"), "must be set together with the other one"});
  };
  check_pair("tls", config.tls.certificate_file, config.tls.key_file);
  check_pair("targets", config.targets_tls.certificate_file, config.targets_tls.key_file);
  if (!config.tls.client_ca_file.empty() && !config.tls.enabled())
    faults.push_back({"tls.client_ca_file", "needs tls.certificate_file: only over TLS can a client show a certificate"});
  if (config.tls.require_client_certificate && config.tls.client_ca_file.empty())
    faults.push_back({"tls.require_client_certificate", "needs tls.client_ca_file, which says whose certificates count"});
  if (const auto policy = transport::TargetPolicy::make(config.targets_allow, {}); !policy)
    faults.push_back({"targets.allow", policy.error().detail});
  if (const auto policy = transport::TargetPolicy::make({}, config.targets_deny); !policy)
    faults.push_back({"targets.deny", policy.error().detail});
  if (const auto mask = PayloadMask::make(config.payload_members); !mask)
    faults.push_back({"secrets.payload_members", mask.error().detail});
  if (config.tombstone < config.retention) faults.push_back({"tombstone_ms", "must not be below retention_ms"});
  return faults;
}

}  // namespace escrow::server
