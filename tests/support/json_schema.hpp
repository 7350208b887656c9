#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace escrow::testing {

/// Checks values against JSON Schema (2020-12) as far as our OpenAPI document uses it; a keyword beyond that is itself a violation, so that
/// nothing is silently unchecked.
class JsonSchema {
 public:
  /// `document` holds what `$ref` points into.
  explicit JsonSchema(const nlohmann::json& document) : document_(document) {}

  /// What is wrong with `value`, each with its place; empty: nothing.
  [[nodiscard]] std::vector<std::string> violations(const nlohmann::json& schema, const nlohmann::json& value) const;

 private:
  const nlohmann::json& document_;
};

}  // namespace escrow::testing
