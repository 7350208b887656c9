#include "tests/support/openapi_contract.hpp"

#include <algorithm>
#include <sstream>

#include "protocol/json_reader.hpp"
#include "tests/support/json_schema.hpp"

namespace escrow::testing {
namespace {

using nlohmann::json;

std::vector<std::string> segments(const std::string& path) {
  std::vector<std::string> out;
  std::istringstream stream(path);
  for (std::string segment; std::getline(stream, segment, '/');) out.push_back(segment);
  return out;
}

bool fits(const std::string& pattern, const std::string& path) {
  const auto expected = segments(pattern);
  const auto given = segments(path);
  return expected.size() == given.size() && std::ranges::equal(expected, given, [](const std::string& left, const std::string& right) {
           return left.starts_with('{') || left == right;
         });
}

}  // namespace

const json* OpenapiContract::path_item(const std::string& path) const {
  for (const auto& [pattern, item] : document_.at("paths").items()) {
    if (fits(pattern, path)) return &item;
  }
  return nullptr;
}

const json& OpenapiContract::resolved(const json& value) const {
  return value.contains("$ref") ? document_.at(json::json_pointer(value.at("$ref").get<std::string>().substr(1))) : value;
}

std::vector<std::string> OpenapiContract::violations(const std::string& method, const std::string& target,
                                                     const HttpMessage& answer) const {
  if (answer.status == 0) return {"no answer came"};
  const std::string status = std::to_string(answer.status);
  const json* item = path_item(target.substr(0, target.find('?')));
  std::string name = method;
  std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });

  const json* response = nullptr;
  if (item == nullptr) {
    // The document says so of every path it does not describe.
    if (answer.status == 404) response = &document_.at("components").at("responses").at("NotFound");
  } else if (!item->contains(name)) {
    if (answer.status == 405) response = &resolved(item->at("x-other-methods"));
  } else if (item->at(name).at("responses").contains(status)) {
    response = &resolved(item->at(name).at("responses").at(status));
  }
  // Refused before the path is looked at.
  if (response == nullptr && answer.status == 403) response = &document_.at("components").at("responses").at("Forbidden");
  if (response == nullptr) return {method + " " + target + " is not described with status " + status};

  std::vector<std::string> out;
  if (response->contains("headers")) {
    for (const auto& [header, description] : response->at("headers").items()) {
      if (!answer.header(header)) out.push_back("the header " + header + " is missing");
    }
  }
  if (!response->contains("content") || method == "HEAD") {
    if (!answer.body.empty()) out.push_back("a body is not described with status " + status);
    return out;
  }
  const json& content = response->at("content");
  std::string type = answer.header("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  if (!content.contains(type)) return {"the type " + type + " is not described with status " + status};
  if (!type.ends_with("json")) return out;
  const json body = json::parse(answer.body, nullptr, false);
  // Ours is the stricter reader: two members of one name, for example.
  if (body.is_discarded() || !protocol::is_valid_json(answer.body)) return {"the body is no JSON: " + answer.body};
  for (std::string& violation : JsonSchema(document_).violations(content.at(type).at("schema"), body)) out.push_back(std::move(violation));
  return out;
}

}  // namespace escrow::testing
