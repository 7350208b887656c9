#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What a principal may do. Each role includes all those before it, so that every route needs to name only one.
namespace escrow::server::auth {

enum class Role : std::uint8_t {
  /// Looks: transactions, history, the stream, overview, metrics.
  read,
  /// Starts transactions, registers branches, commits, aborts, extends.
  initiate,
  /// Retries and resolves; its abort counts as an operator's.
  operate,
  /// Sees payload members that are masked for everybody else.
  admin
};

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> role_of(std::string_view text);

}  // namespace escrow::server::auth
