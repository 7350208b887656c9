#include "tests/support/json_schema.hpp"

#include <map>
#include <regex>
#include <set>

#include "protocol/timestamp.hpp"
#include "protocol/utf8.hpp"

namespace escrow::testing {
namespace {

using nlohmann::json;

const std::set<std::string>& known_keywords() {
  static const std::set<std::string> words{"$ref",
                                           "type",
                                           "enum",
                                           "const",
                                           "properties",
                                           "required",
                                           "additionalProperties",
                                           "patternProperties",
                                           "items",
                                           "minItems",
                                           "minimum",
                                           "maximum",
                                           "minLength",
                                           "maxLength",
                                           "pattern",
                                           "format",
                                           "oneOf",
                                           "allOf",
                                           "default",
                                           "description",
                                           "propertyNames",
                                           "maxProperties"};
  return words;
}

bool has_type(const json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

bool matches(const std::string& text, const std::string& pattern) {
  static std::map<std::string, std::regex> compiled;
  const auto found = compiled.try_emplace(pattern, pattern).first;
  return std::regex_search(text, found->second);
}

class Check {
 public:
  Check(const json& document, std::vector<std::string>& out) : document_(document), out_(out) {}

  void run(const json& schema, const json& value, const std::string& place) {
    for (const auto& [keyword, argument] : schema.items()) {
      if (!known_keywords().contains(keyword)) fail(place, "the validator does not know " + keyword);
    }
    if (schema.contains("$ref")) run(resolve(schema.at("$ref")), value, place);
    types(schema, value, place);
    combinations(schema, value, place);
    if (value.is_number()) numbers(schema, value, place);
    if (value.is_string()) strings(schema, value.get<std::string>(), place);
    if (value.is_array()) arrays(schema, value, place);
    if (value.is_object()) objects(schema, value, place);
  }

 private:
  void fail(const std::string& place, const std::string& what) { out_.push_back((place.empty() ? "/" : place) + ": " + what); }

  const json& resolve(const std::string& reference) { return document_.at(json::json_pointer(reference.substr(1))); }

  void types(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("type")) {
      const json& type = schema.at("type");
      bool any = false;
      for (const json& one : type.is_array() ? type : json::array({type})) any = any || has_type(value, one);
      if (!any) fail(place, "is no " + type.dump());
    }
    if (schema.contains("const") && value != schema.at("const")) fail(place, "is not " + schema.at("const").dump());
    if (schema.contains("enum")) {
      bool any = false;
      for (const json& one : schema.at("enum")) any = any || one == value;
      if (!any) fail(place, value.dump() + " is none of " + schema.at("enum").dump());
    }
  }

  void combinations(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("allOf")) {
      for (const json& part : schema.at("allOf")) run(part, value, place);
    }
    if (!schema.contains("oneOf")) return;
    int fitting = 0;
    std::vector<std::string> reasons;
    for (const json& part : schema.at("oneOf")) {
      std::vector<std::string> wrong;
      Check(document_, wrong).run(part, value, place);
      if (wrong.empty()) ++fitting;
      reasons.insert(reasons.end(), wrong.begin(), wrong.end());
    }
    if (fitting != 1) fail(place, "fits " + std::to_string(fitting) + " of oneOf: " + json(reasons).dump());
  }

  void numbers(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("minimum") && value.get<double>() < schema.at("minimum").get<double>()) fail(place, "is too small");
    if (schema.contains("maximum") && value.get<double>() > schema.at("maximum").get<double>()) fail(place, "is too large");
  }

  void strings(const json& schema, const std::string& value, const std::string& place) {
    const std::size_t length = protocol::count_characters(value);
    if (schema.contains("minLength") && length < schema.at("minLength").get<std::size_t>()) fail(place, "is too short");
    if (schema.contains("maxLength") && length > schema.at("maxLength").get<std::size_t>()) fail(place, "is too long");
    if (schema.contains("pattern") && !matches(value, schema.at("pattern"))) fail(place, "does not match " + schema.at("pattern").dump());
    if (schema.contains("format")) {
      // Ours are more exact than RFC 3339 asks for: UTC with milliseconds.
      const auto ms = protocol::parse_timestamp(value);
      if (schema.at("format") != "date-time" || !ms || protocol::format_timestamp(*ms) != value)
        fail(place, "is no time with milliseconds: " + value);
    }
  }

  void arrays(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("minItems") && value.size() < schema.at("minItems").get<std::size_t>()) fail(place, "has too few items");
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i) run(schema.at("items"), value.at(i), place + "/" + std::to_string(i));
  }

  void objects(const json& schema, const json& value, const std::string& place) {
    if (schema.contains("required")) {
      for (const std::string name : schema.at("required")) {
        if (!value.contains(name)) fail(place, "lacks " + name);
      }
    }
    if (schema.contains("maxProperties") && value.size() > schema.at("maxProperties").get<std::size_t>())
      fail(place, "has too many members");
    for (const auto& [name, member] : value.items()) {
      const std::string inside = place + "/" + name;
      if (schema.contains("propertyNames")) run(schema.at("propertyNames"), json(name), inside + " (name)");
      bool described = false;
      if (schema.contains("properties") && schema.at("properties").contains(name)) {
        described = true;
        run(schema.at("properties").at(name), member, inside);
      }
      if (schema.contains("patternProperties")) {
        for (const auto& [pattern, part] : schema.at("patternProperties").items()) {
          if (!matches(name, pattern)) continue;
          described = true;
          run(part, member, inside);
        }
      }
      if (described || !schema.contains("additionalProperties")) continue;
      const json& others = schema.at("additionalProperties");
      if (others.is_boolean()) {
        if (!others.get<bool>()) fail(inside, "is not described");
      } else {
        run(others, member, inside);
      }
    }
  }

  const json& document_;
  std::vector<std::string>& out_;
};

}  // namespace

std::vector<std::string> JsonSchema::violations(const json& schema, const json& value) const {
  std::vector<std::string> out;
  Check(document_, out).run(schema, value, "");
  return out;
}

}  // namespace escrow::testing
