#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/daemon.hpp"
#include "coordinator/process_guard.hpp"
#include "coordinator/server/config_files.hpp"
#include "coordinator/server/config_sources.hpp"
#include "coordinator/server/descriptor_limit.hpp"
#include "coordinator/token_command.hpp"

/// The program `escrowd`: flags, configuration, exit status (docs/protocol.md, 6). What runs is `daemon.hpp`.
namespace {

using escrow::server::ConfigFault;
using escrow::server::ConfigSources;
using escrow::server::Logger;

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::optional<std::string> read_file(const std::string& path) {
  // A directory can be opened, and only reading it fails: by an exception.
  try {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) return std::nullopt;
    return text;
  } catch (const std::ios_base::failure&) {
    return std::nullopt;
  }
}

int refuse(Logger& logger, const std::vector<ConfigFault>& faults) {
  for (const ConfigFault& fault : faults) {
    logger.error("configuration can't be used", {{"key", std::string_view(fault.key)}, {"detail", std::string_view(fault.detail)}});
  }
  return escrow::exit_config;
}

struct Flags {
  std::string config;
  std::map<std::string, std::string> settings;
  bool check_config = false;
};

int run(const Flags& flags) {
  Logger early(STDERR_FILENO, escrow::server::LogLevel::info);
  ConfigSources sources;
  sources.environment = environment();
  std::string path = flags.config;
  if (const auto found = sources.environment.find("ESCROW_CONFIG"); path.empty() && found != sources.environment.end())
    path = found->second;
  if (!path.empty()) {
    sources.file_text = read_file(path);
    if (!sources.file_text) return refuse(early, {{"--config", path + " can't be read"}});
  }
  for (const auto& [key, value] : flags.settings) sources.flags.emplace_back(key, value);

  auto config = escrow::server::load_config(sources);
  if (!config) return refuse(early, config.error());
  escrow::guard_process(config->core_dumps);
  if (const auto faults = escrow::server::check_config_files(*config); !faults.empty()) return refuse(early, faults);
  if (flags.check_config) {
    std::puts("the configuration can be used");
    return escrow::exit_clean;
  }
  Logger logger(STDERR_FILENO, config->log_level);
  escrow::server::fit_descriptor_limit(*config, logger);
  return escrow::run_daemon(*config, ESCROW_VERSION, logger);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Escrow coordinator: finishes business transactions that span several services, or undoes them.", "escrowd");
  Flags flags;
  const auto setting = [&](const std::string& flag, const std::string& key, const std::string& help) {
    app.add_option_function<std::string>(flag, [&flags, key](const std::string& value) { flags.settings[key] = value; }, help);
  };
  app.add_option("--config", flags.config, "YAML file with settings (docs/settings.md)");
  setting("--listen", "listen", "HOST:PORT to listen on [127.0.0.1:7400]; port 0 takes a free one");
  setting("--store", "store", "where the log is: sqlite:PATH or sqlite::memory: [sqlite:escrow.db]");
  setting("--log-level", "log_level", "debug, info, warning or error [info]");
  app.add_flag("--check-config", flags.check_config, "say whether the configuration can be used, and do nothing else");
  const escrow::TokenCommand token(app);
  app.set_version_flag("--version", std::string("escrowd ") + ESCROW_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? escrow::exit_clean : escrow::exit_config;
  }
  try {
    return token.is_wanted() ? token.run() : run(flags);
  } catch (const std::exception& error) {
    Logger(STDERR_FILENO, escrow::server::LogLevel::error).error("escrowd failed", {{"detail", std::string_view(error.what())}});
    return escrow::exit_store;
  }
}
