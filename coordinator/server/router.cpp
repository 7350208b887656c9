#include "coordinator/server/router.hpp"

#include <array>
#include <vector>

#include "coordinator/transport/http_message.hpp"
#include "protocol/assert.hpp"

namespace escrow::server {
namespace {

/// Whether a resource has a kind of method, and whom it is for.
enum class Access : std::uint8_t { none, everybody, read, initiate, operate, admin };

struct Entry {
  Route route;
  /// `{gid}`, `{id}` and `{file}` stand for one segment each.
  std::string_view path;
  /// GET and HEAD.
  Access reads;
  /// POST.
  Access writes;
};

// What a role may do is decided here and nowhere else. Health, console and this API's description hold nothing of anybody's business, and
// are asked for by what has no token: load balancers, and browsers before they have been given one.
constexpr std::array entries{
    Entry{Route::index, "/", Access::everybody, Access::none},
    Entry{Route::console, "/console/{file}", Access::everybody, Access::none},
    Entry{Route::openapi, "/openapi.json", Access::everybody, Access::none},
    Entry{Route::live, "/healthz/live", Access::everybody, Access::none},
    Entry{Route::ready, "/healthz/ready", Access::everybody, Access::none},
    Entry{Route::metrics, "/metrics", Access::read, Access::none},
    Entry{Route::info, "/v1/info", Access::read, Access::none},
    Entry{Route::transactions, "/v1/transactions", Access::read, Access::initiate},
    Entry{Route::transaction, "/v1/transactions/{gid}", Access::read, Access::none},
    Entry{Route::branches, "/v1/transactions/{gid}/branches", Access::none, Access::initiate},
    Entry{Route::commit, "/v1/transactions/{gid}/commit", Access::none, Access::initiate},
    Entry{Route::abort, "/v1/transactions/{gid}/abort", Access::none, Access::initiate},
    Entry{Route::extend, "/v1/transactions/{gid}/extend", Access::none, Access::initiate},
    Entry{Route::retry, "/v1/transactions/{gid}/retry", Access::none, Access::operate},
    Entry{Route::resolve_check, "/v1/transactions/{gid}/resolve", Access::none, Access::operate},
    Entry{Route::resolve_branch, "/v1/transactions/{gid}/branches/{id}/resolve", Access::none, Access::operate},
    Entry{Route::events, "/v1/transactions/{gid}/events", Access::read, Access::none},
    Entry{Route::retry_many, "/v1/retry", Access::none, Access::operate},
    Entry{Route::stream, "/v1/events", Access::read, Access::none},
    Entry{Route::overview, "/v1/overview", Access::read, Access::none},
    Entry{Route::destinations, "/v1/destinations", Access::read, Access::none},
};

bool has(Access access) { return access != Access::none; }

std::optional<auth::Role> role_of(Access access) {
  switch (access) {
    case Access::none:
    case Access::everybody: return std::nullopt;
    case Access::read: return auth::Role::read;
    case Access::initiate: return auth::Role::initiate;
    case Access::operate: return auth::Role::operate;
    case Access::admin: return auth::Role::admin;
  }
  return std::nullopt;
}

const Entry& entry_of(Route route) {
  const auto index = static_cast<std::size_t>(route);
  ESCROW_ASSERT(index < entries.size() && entries[index].route == route);
  return entries[index];
}

/// Takes the first segment off a path that begins with a slash.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// Where the text of a placeholder goes; null where the segment is none.
std::string* placeholder(Match& match, std::string_view segment) {
  if (segment == "{gid}") return &match.gid;
  if (segment == "{id}") return &match.branch;
  return segment == "{file}" ? &match.file : nullptr;
}

std::optional<Match> match_entry(const Entry& entry, std::string_view path) {
  Match match;
  match.route = entry.route;
  std::string_view pattern = entry.path;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = next_segment(pattern);
    const std::string_view given = next_segment(path);
    std::string* const name = placeholder(match, expected);
    if (name != nullptr) {
      auto decoded = transport::percent_decode(given);
      if (!decoded || decoded->empty()) return std::nullopt;
      *name = std::move(*decoded);
    } else if (expected != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return match;
}

}  // namespace

std::optional<Match> match_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  for (const Entry& entry : entries) {
    if (auto match = match_entry(entry, path)) return match;
  }
  return std::nullopt;
}

std::string_view allowed_methods(Route route) {
  const Entry& entry = entry_of(route);
  if (has(entry.reads) && has(entry.writes)) return "GET, HEAD, POST, OPTIONS";
  return has(entry.reads) ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
}

bool allows(Route route, std::string_view method) {
  const Entry& entry = entry_of(route);
  if (method == "GET" || method == "HEAD") return has(entry.reads);
  if (method == "POST") return has(entry.writes);
  return method == "OPTIONS";
}

std::optional<auth::Role> required_role(Route route, std::string_view method) {
  const Entry& entry = entry_of(route);
  if (!allows(route, method) || method == "OPTIONS") {
    const bool is_open = entry.reads == Access::everybody || entry.writes == Access::everybody;
    return is_open ? std::nullopt : std::optional(auth::Role::read);
  }
  return role_of(method == "POST" ? entry.writes : entry.reads);
}

std::string_view template_of(Route route) { return entry_of(route).path; }

}  // namespace escrow::server
