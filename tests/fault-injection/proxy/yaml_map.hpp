#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

/// A map of a YAML document that is read member by member; what nobody has read at its `end` is unknown.
namespace escrow::proxy {

/// Everything that is wrong throws std::invalid_argument, with the line and the way to the member.
class YamlMap {
 public:
  YamlMap(YAML::Node node, std::string where);

  [[nodiscard]] bool has(const char* name) const;
  [[nodiscard]] std::optional<std::string> text(const char* name);
  /// A list of texts; none: empty.
  [[nodiscard]] std::vector<std::string> texts(const char* name);
  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  [[nodiscard]] double real(const char* name, double otherwise, double least, double most);
  /// Absent: false.
  [[nodiscard]] bool flag(const char* name);
  [[nodiscard]] std::optional<YamlMap> map(const char* name);
  [[nodiscard]] std::vector<YamlMap> maps(const char* name);
  [[nodiscard]] YAML::Node node(const char* name);
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool is_empty() const { return node_.size() == 0; }
  [[nodiscard]] const std::string& where() const { return where_; }

  void end() const;
  [[noreturn]] void fail(const std::string& why) const { fail_at(node_, where_, why); }
  [[noreturn]] static void fail_at(const YAML::Node& node, const std::string& where, const std::string& why);

 private:
  [[nodiscard]] std::string way_to(const std::string& name) const { return where_.empty() ? name : where_ + "." + name; }

  YAML::Node node_;
  std::string where_;
  std::set<std::string> read_;
};

}  // namespace escrow::proxy
