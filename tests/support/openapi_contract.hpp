#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "tests/support/http_client.hpp"

namespace escrow::testing {

/// Holds every answer against the OpenAPI document: a status, header, member or code that it does not describe is a violation, and so is
/// one that it requires and that is not there.
class OpenapiContract {
 public:
  explicit OpenapiContract(std::string_view document) : document_(nlohmann::json::parse(document)) {}

  [[nodiscard]] std::vector<std::string> violations(const std::string& method, const std::string& target, const HttpMessage& answer) const;
  [[nodiscard]] const nlohmann::json& document() const { return document_; }

 private:
  /// What the document says of the path; null: nothing.
  [[nodiscard]] const nlohmann::json* path_item(const std::string& path) const;
  [[nodiscard]] const nlohmann::json& resolved(const nlohmann::json& value) const;

  nlohmann::json document_;
};

}  // namespace escrow::testing
