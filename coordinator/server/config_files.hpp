#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/auth/token_table.hpp"
#include "coordinator/server/config.hpp"
#include "coordinator/transport/server_tls.hpp"
#include "coordinator/transport/target_tls.hpp"
#include "protocol/result.hpp"

/// The files that a configuration names, looked at before anything is started: `--check-config` and the start agree on what can be used.
namespace escrow::server {

[[nodiscard]] std::vector<ConfigFault> check_config_files(const Config& config);

/// Who may come in. An entry with a certificate is a fault where no client is asked for one: it would never count.
[[nodiscard]] Result<auth::TokenTable, Error> load_tokens(const Config& config, const std::function<void(std::string_view)>& warn);

/// The TLS of calls to participants, from `targets.credentials_file` and the files that apply to every target. The error names the file
/// and what is wrong with it.
[[nodiscard]] Result<std::shared_ptr<const transport::TargetTls>, Error> load_target_tls(const Config& config);

/// All files that it is made of, as they are named now.
[[nodiscard]] std::vector<std::string> target_tls_files(const Config& config);

/// The TLS of the server, from the files of the section `tls`.
[[nodiscard]] Result<std::shared_ptr<const transport::ServerTls>, Error> load_server_tls(const Config& config);

}  // namespace escrow::server
