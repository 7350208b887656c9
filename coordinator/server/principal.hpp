#pragma once

#include <optional>
#include <string>

namespace escrow::server {

/// Who asks. Until authentication is configured nobody is known by name; it will fill this in, and nothing else has to change.
struct Principal {
  /// The authenticated name; nothing without authentication.
  std::optional<std::string> name;
  /// The header `Escrow-Actor`: only a claim, believed where nobody is authenticated.
  std::optional<std::string> claimed;
  /// Whether an authenticated principal has the role `operate`.
  bool is_operator = false;

  /// Who the history names, if anybody.
  [[nodiscard]] const std::optional<std::string>& actor() const { return name ? name : claimed; }
  /// Whether an abort counts as an operator's (docs/protocol.md, 3.4).
  [[nodiscard]] bool acts_as_operator() const { return name ? is_operator : claimed.has_value(); }
};

}  // namespace escrow::server
