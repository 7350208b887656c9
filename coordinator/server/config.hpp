#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/engine/node/settings.hpp"
#include "coordinator/server/auth/settings.hpp"
#include "coordinator/server/log.hpp"
#include "coordinator/server/stream/stream_limits.hpp"
#include "coordinator/store/store.hpp"
#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/http_server.hpp"

/// Everything about `escrowd` that can be set, with its defaults. Where each value comes from is `config_sources.hpp`, what each is called
/// `settings_table.hpp`. No part reads this as a whole but `main`, which hands each part its own.
namespace escrow::server {

struct Config {
  /// HOST:PORT.
  std::string listen = "127.0.0.1:7400";
  std::string store_location = "sqlite:escrow.db";
  LogLevel log_level = LogLevel::info;
  /// How this coordinator calls itself; empty: the name of the machine.
  std::string node;

  transport::ServerLimits http{.unknown_connections = 2'500};
  transport::ServerTlsFiles tls;
  StreamLimits stream;
  engine::node::Settings engine;
  store::StoreSettings store;
  transport::ClientLimits calls;
  transport::ClientTls targets_tls;
  std::vector<std::string> targets_allow;
  std::vector<std::string> targets_deny;
  /// Authorities, certificates and signing secrets of single targets; empty: none.
  std::string targets_credentials_file;

  std::chrono::milliseconds retention{7LL * 24 * 3'600 * 1'000};
  std::chrono::milliseconds tombstone{400LL * 24 * 3'600 * 1'000};
  std::chrono::milliseconds shutdown_grace{10'000};
  auth::Settings auth;
  /// Names that `Host` may have besides those of loopback; empty: on other addresses any.
  std::vector<std::string> hosts;
  bool core_dumps = false;
  /// What of payloads only `admin` sees.
  std::vector<std::string> payload_members;
};

/// Why a configuration can't be used, with the key as the user wrote it.
struct ConfigFault {
  std::string key;
  std::string detail;
};

/// What no single setting shows: open to the network without authentication, half of a certificate, rules that are none.
[[nodiscard]] std::vector<ConfigFault> check_config(const Config& config);

}  // namespace escrow::server
