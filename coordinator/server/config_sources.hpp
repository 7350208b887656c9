#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/server/config.hpp"
#include "protocol/result.hpp"

/// Where settings come from: the file, the environment, the flags. Later ones beat earlier ones; every fault is told at once.
namespace escrow::server {

struct ConfigSources {
  /// Nothing: no file. The text is YAML; the name is only for messages.
  std::optional<std::string> file_text;
  /// The whole environment; what does not begin with `ESCROW_` is ignored.
  std::map<std::string, std::string> environment;
  /// Settings given as flags, by key.
  std::vector<std::pair<std::string, std::string>> flags;
};

[[nodiscard]] Result<Config, std::vector<ConfigFault>> load_config(const ConfigSources& sources);

}  // namespace escrow::server
