#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "coordinator/server/auth/role.hpp"

/// Which of our resources a path names.
namespace escrow::server {

enum class Route : std::uint8_t {
  index,
  console,
  openapi,
  live,
  ready,
  metrics,
  info,
  transactions,
  transaction,
  branches,
  commit,
  abort,
  extend,
  retry,
  resolve_check,
  resolve_branch,
  events,
  retry_many,
  stream,
  overview,
  destinations
};

struct Match {
  Route route = Route::index;
  /// Path segments, decoded; they may be anything.
  std::string gid = {};
  std::string branch = {};
  std::string file = {};
};

/// Nothing: no such resource. `path` as it stood in the request line, without the query.
[[nodiscard]] std::optional<Match> match_path(std::string_view path);

/// The methods of a resource as `Allow` has them. HEAD goes wherever GET does, OPTIONS everywhere.
[[nodiscard]] std::string_view allowed_methods(Route route);
[[nodiscard]] bool allows(Route route, std::string_view method);

/// The one role that a request to it needs; nothing: it is for everybody. Of a method that the resource does not have, too.
[[nodiscard]] std::optional<auth::Role> required_role(Route route, std::string_view method);

/// For metrics and logs: the path with placeholders.
[[nodiscard]] std::string_view template_of(Route route);

}  // namespace escrow::server
