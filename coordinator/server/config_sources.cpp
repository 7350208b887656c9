#include "coordinator/server/config_sources.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "coordinator/server/settings_table.hpp"

namespace escrow::server {
namespace {

class Loader {
 public:
  void read_file(const std::string& text) {
    try {
      const YAML::Node root = YAML::Load(text);
      if (root.IsNull()) return;
      if (!root.IsMap()) return fault("", "the file must be a map of settings");
      read_map(root, "");
    } catch (const YAML::Exception& error) {
      fault("", error.what());
    }
  }

  void read_environment(const std::map<std::string, std::string>& environment) {
    for (const Setting& setting : settings()) {
      for (const std::string& key : {setting.alias, setting.key}) {
        if (key.empty()) continue;
        const std::string name = environment_name(key);
        known_names_.insert(name);
        if (const auto found = environment.find(name); found != environment.end())
          apply(setting, name, setting.is_list ? split(found->second) : std::vector{found->second});
      }
    }
    // Clients have variables of their own (ESCROW_URL and the like): only a name in one of our sections can be a mistake.
    for (const auto& [name, value] : environment) {
      if (!known_names_.contains(name) && is_in_a_section(name)) fault(name, "there is no such setting");
    }
  }

  void read_flag(const std::string& key, const std::string& value) {
    if (const Setting* setting = find_setting(key)) apply(*setting, "--" + key, {value});
  }

  Result<Config, std::vector<ConfigFault>> finish() && {
    if (faults_.empty()) faults_ = check_config(config_);
    if (!faults_.empty()) return std::move(faults_);
    return std::move(config_);
  }

 private:
  void fault(std::string key, std::string detail) { faults_.push_back({std::move(key), std::move(detail)}); }

  void read_map(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      const std::string key = prefix + entry.first.as<std::string>();
      if (!seen_.insert(key).second) {
        fault(key, "stands twice in the file");
        continue;
      }
      const YAML::Node& value = entry.second;
      if (value.IsMap()) {
        read_map(value, key + ".");
      } else {
        read_value(key, value);
      }
    }
  }

  void read_value(const std::string& key, const YAML::Node& value) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return fault(key, "there is no such setting");
    std::vector<std::string> values;
    if (value.IsSequence() && setting->is_list) {
      for (const auto& element : value) {
        if (!element.IsScalar()) return fault(key, "must be a list of plain values");
        values.push_back(element.Scalar());
      }
    } else if (value.IsScalar()) {
      values.push_back(value.Scalar());
    } else {
      return fault(key, setting->is_list ? "must be a list of plain values" : "must be one plain value");
    }
    apply(*setting, key, values);
  }

  void apply(const Setting& setting, const std::string& name, const std::vector<std::string>& values) {
    if (auto wrong = setting.set(config_, values)) fault(name, std::move(*wrong));
  }

  static std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      if (end > 0) out.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
  }

  static bool is_in_a_section(std::string_view name) {
    std::set<std::string> sections;
    for (const Setting& setting : settings()) {
      if (const std::size_t dot = setting.key.find('.'); dot != std::string::npos)
        sections.insert(environment_name(setting.key.substr(0, dot)) + "_");
    }
    return std::ranges::any_of(sections, [name](const std::string& section) { return name.starts_with(section); });
  }

  Config config_;
  std::vector<ConfigFault> faults_;
  std::set<std::string> seen_;
  std::set<std::string> known_names_;
};

}  // namespace

Result<Config, std::vector<ConfigFault>> load_config(const ConfigSources& sources) {
  Loader loader;
  if (sources.file_text) loader.read_file(*sources.file_text);
  loader.read_environment(sources.environment);
  for (const auto& [key, value] : sources.flags) loader.read_flag(key, value);
  return std::move(loader).finish();
}

}  // namespace escrow::server
