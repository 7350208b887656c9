#include "coordinator/server/auth/tokens_file.hpp"
#include "coordinator/server/config_sources.hpp"
#include "coordinator/server/credentials_file.hpp"
#include "coordinator/server/settings_table.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

#include <nlohmann/json.hpp>

namespace escrow::fuzz {
namespace {

void check_faults(const std::vector<server::ConfigFault>& faults) {
  check(!faults.empty(), "refused without a fault");
  for (const auto& fault : faults) check(!fault.detail.empty(), "a fault without a word");
}

void configuration(std::string_view text) {
  server::ConfigSources sources;
  sources.file_text = std::string(text);
  const auto config = server::load_config(sources);
  if (!config) return check_faults(config.error());
  check(nlohmann::json::accept(server::settings_json(*config)), "the settings are shown as what is no JSON");
  // Each setting as it is shown, set again, is the same configuration.
  for (const server::Setting& setting : server::settings()) {
    if (setting.is_list || setting.is_hidden) continue;
    const std::string value = setting.get(*config);
    server::Config other = *config;
    if (value.empty()) continue;
    check(!setting.set(other, {value}).has_value(), "a value that is shown can't be set: " + setting.key + "=" + value);
    check(setting.get(other) == value, "a value that is shown and set is another one: " + setting.key + "=" + value);
  }
}

}  // namespace

/// Which file it is; then its text. No word on a fault may repeat a secret.
void config(std::string_view input) {
  Input in(input);
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  switch (in.below(3)) {
    case 0: return configuration(in.rest());
    case 1: {
      const auto entries = server::auth::parse_tokens_file(std::string(in.rest()));
      if (!entries) return check(!entries.error().empty(), "refused without a fault");
      for (const auto& entry : *entries) {
        check(!entry.name.empty(), "a principal without a name");
        check(entry.hash.has_value() || entry.certificate.has_value(), "a principal that nobody can show to be");
      }
      return;
    }
    default: {
      const auto credentials = server::parse_credentials(in.rest(), "file.yaml");
      if (credentials) return;
      check_faults(credentials.error());
      for (const auto& fault : credentials.error())
        check(fault.detail.find(secret) == std::string::npos, "a fault tells a secret: " + fault.detail);
    }
  }
}

}  // namespace escrow::fuzz
