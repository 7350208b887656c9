#pragma once

#include <optional>
#include <string>

#include "coordinator/server/auth/limits.hpp"
#include "coordinator/server/auth/role.hpp"

namespace escrow::server {

/// Who asks. Without authentication nobody is known by name, and everybody may do everything.
struct Principal {
  /// The authenticated name; nothing without authentication.
  std::optional<std::string> name = {};
  /// The header `Escrow-Actor`: only a claim, believed where nobody is authenticated.
  std::optional<std::string> claimed = {};
  /// Has no meaning without a name.
  auth::Role role = auth::Role::read;
  auth::Limits limits = {};

  [[nodiscard]] bool may(auth::Role required) const { return !name || role >= required; }
  /// Who the history names, if anybody.
  [[nodiscard]] const std::optional<std::string>& actor() const { return name ? name : claimed; }
  /// Whether an abort counts as an operator's (docs/protocol.md, 3.4).
  [[nodiscard]] bool acts_as_operator() const { return name ? role >= auth::Role::operate : claimed.has_value(); }
};

}  // namespace escrow::server
