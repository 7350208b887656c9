#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/config.hpp"
#include "coordinator/transport/target_credentials.hpp"
#include "protocol/result.hpp"

/// The file of `targets.credentials_file`: which authorities, certificates and signing secrets belong to which participants. It is a file
/// of its own because it names secrets: the configuration may be shown around, this may not.
namespace escrow::server {

/// Reads the text of such a file; `path` is only for messages. Every fault is told at once, under the key `targets.credentials_file`,
/// with the file, the entry and the member. No fault quotes a value that may be a secret. Files that entries name are not opened.
[[nodiscard]] Result<transport::TargetCredentials, std::vector<ConfigFault>> parse_credentials(std::string_view text,
                                                                                               const std::string& path);

/// The same with the file, which nobody but its owner may read (`Guard::nobody_reads`); an empty path: no credentials.
[[nodiscard]] Result<transport::TargetCredentials, std::vector<ConfigFault>> read_credentials(const std::string& path);

}  // namespace escrow::server
