#include "coordinator/server/config_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

#include "coordinator/server/auth/authenticator.hpp"
#include "coordinator/server/credentials_file.hpp"
#include "coordinator/server/reload/guarded_file.hpp"
#include "coordinator/server/signing_keys.hpp"
#include "coordinator/transport/errors.hpp"

namespace escrow::server {

namespace {

/// A certificate may be seen by everybody, its key by nobody, and who is believed nobody else decides.
Result<std::string, Error> read_guarded_pem(const std::string& path, transport::PemKind kind) {
  if (kind == transport::PemKind::certificate) return transport::read_pem(path, kind);
  auto file = read_guarded_file(path, kind == transport::PemKind::key ? Guard::nobody_reads : Guard::nobody_writes);
  if (!file) return file.error();
  return std::move(file->text);
}

Error as_error(const std::vector<ConfigFault>& faults) {
  std::string detail;
  for (const ConfigFault& fault : faults) detail.append(detail.empty() ? "" : "; ").append(fault.detail);
  return Error{transport::Errc::tls_setup, std::move(detail)};
}

}  // namespace

Result<std::shared_ptr<const transport::TargetTls>, Error> load_target_tls(const Config& config) {
  const auto credentials = read_credentials(config.targets_credentials_file);
  if (!credentials) return as_error(credentials.error());
  auto general = transport::TargetTls::load(config.targets_tls, {}, read_guarded_pem);
  if (!general || credentials->size() == 0) return general;
  auto tls = transport::TargetTls::load(config.targets_tls, *credentials, read_guarded_pem);
  if (!tls) return Error{tls.error().code, fmt::format("{}: {}", config.targets_credentials_file, tls.error().detail)};
  return tls;
}

std::vector<std::string> target_tls_files(const Config& config) {
  std::vector<std::string> files{config.targets_credentials_file, config.targets_tls.ca_file, config.targets_tls.certificate_file,
                                 config.targets_tls.key_file};
  if (const auto credentials = read_credentials(config.targets_credentials_file)) {
    for (std::size_t i = 0; i < credentials->size(); ++i) {
      const transport::TargetCredential& entry = (*credentials)[i];
      files.insert(files.end(), {entry.ca_file, entry.certificate_file, entry.key_file});
    }
  }
  std::erase_if(files, [](const std::string& file) { return file.empty(); });
  return files;
}

Result<std::shared_ptr<const transport::ServerTls>, Error> load_server_tls(const Config& config) {
  return transport::ServerTls::load(config.tls, read_guarded_pem);
}

Result<auth::TokenTable, Error> load_tokens(const Config& config, const std::function<void(std::string_view)>& warn) {
  auto tokens = auth::read_tokens(config.auth, warn);
  if (!tokens || !config.tls.client_ca_file.empty()) return tokens;
  const auto unseen = std::ranges::find_if(tokens->entries(), [](const auth::TokenEntry& entry) { return entry.certificate.has_value(); });
  if (unseen == tokens->entries().end()) return tokens;
  return Error{std::make_error_code(std::errc::invalid_argument),
               fmt::format("the entry of {} names a certificate, and without tls.client_ca_file no client is asked for one", unseen->name)};
}

std::vector<ConfigFault> check_config_files(const Config& config) {
  std::vector<ConfigFault> faults;
  if (config.auth.is_configured()) {
    // Warnings are for the start.
    const auto tokens = load_tokens(config, [](std::string_view) {});
    if (!tokens) faults.push_back({std::string(config.auth.key()), tokens.error().detail});
  }
  if (const auto keys = load_signing_keys(config); !keys) {
    faults.insert(faults.end(), keys.error().begin(), keys.error().end());
  } else if (const auto calls = load_target_tls(config); !calls) {
    faults.push_back({config.targets_credentials_file.empty() ? "targets" : "targets.credentials_file", calls.error().detail});
  }
  if (config.tls.enabled()) {
    if (const auto tls = load_server_tls(config); !tls) faults.push_back({"tls", tls.error().detail});
  }
  return faults;
}

}  // namespace escrow::server
