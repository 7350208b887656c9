#include "tests/fault-injection/proxy/yaml_map.hpp"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace escrow::proxy {

YamlMap::YamlMap(YAML::Node node, std::string where) : node_(std::move(node)), where_(std::move(where)) {
  if (!node_.IsMap()) fail("a map of members belongs here");
  std::set<std::string> seen;
  for (const auto& member : node_) {
    if (!seen.insert(member.first.Scalar()).second) fail_at(member.first, way_to(member.first.Scalar()), "stands here twice");
  }
}

void YamlMap::fail_at(const YAML::Node& node, const std::string& where, const std::string& why) {
  const int line = node.Mark().line;
  throw std::invalid_argument((line >= 0 ? "line " + std::to_string(line + 1) + ": " : "") + (where.empty() ? "" : where + ": ") + why);
}

YAML::Node YamlMap::node(const char* name) {
  read_.insert(name);
  return std::as_const(node_)[name];
}

bool YamlMap::has(const char* name) const { return node_[name].IsDefined() && !node_[name].IsNull(); }

std::optional<std::string> YamlMap::text(const char* name) {
  const YAML::Node value = node(name);
  if (!has(name)) return std::nullopt;
  if (!value.IsScalar()) fail_at(value, way_to(name), "a text belongs here");
  return value.Scalar();
}

std::vector<std::string> YamlMap::texts(const char* name) {
  std::vector<std::string> found;
  const YAML::Node list = node(name);
  if (!has(name)) return found;
  if (!list.IsSequence()) fail_at(list, way_to(name), "a list of texts belongs here");
  for (const auto& one : list) {
    if (!one.IsScalar()) fail_at(one, way_to(name), "a list of texts belongs here");
    found.push_back(one.Scalar());
  }
  return found;
}

std::int64_t YamlMap::number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  const auto value = text(name);
  if (!value) return otherwise;
  std::int64_t read = 0;
  const auto [end, fault] = std::from_chars(value->data(), value->data() + value->size(), read);
  if (fault != std::errc() || end != value->data() + value->size() || read < least || read > most) {
    fail_at(node(name), way_to(name), "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " belongs here");
  }
  return read;
}

double YamlMap::real(const char* name, double otherwise, double least, double most) {
  const auto value = text(name);
  if (!value) return otherwise;
  double read = 0;
  const auto [end, fault] = std::from_chars(value->data(), value->data() + value->size(), read);
  if (fault != std::errc() || end != value->data() + value->size() || !(read >= least && read <= most)) {
    fail_at(node(name), way_to(name), "a number from " + std::to_string(least) + " to " + std::to_string(most) + " belongs here");
  }
  return read;
}

bool YamlMap::flag(const char* name) {
  const auto value = text(name);
  if (!value) return false;
  if (*value != "true" && *value != "false") fail_at(node(name), way_to(name), "true or false belongs here");
  return *value == "true";
}

std::optional<YamlMap> YamlMap::map(const char* name) {
  const YAML::Node value = node(name);
  if (!has(name)) return std::nullopt;
  return YamlMap(value, way_to(name));
}

std::vector<YamlMap> YamlMap::maps(const char* name) {
  std::vector<YamlMap> found;
  const YAML::Node list = node(name);
  if (!has(name)) return found;
  if (!list.IsSequence()) fail_at(list, way_to(name), "a list belongs here");
  for (std::size_t i = 0; i < list.size(); ++i) found.emplace_back(list[i], way_to(name) + "[" + std::to_string(i) + "]");
  return found;
}

std::vector<std::string> YamlMap::names() const {
  std::vector<std::string> found;
  for (const auto& member : node_) found.push_back(member.first.Scalar());
  return found;
}

void YamlMap::end() const {
  for (const auto& member : node_) {
    const std::string& name = member.first.Scalar();
    if (!read_.contains(name)) fail_at(member.first, way_to(name), "there is no such member");
  }
}

}  // namespace escrow::proxy
