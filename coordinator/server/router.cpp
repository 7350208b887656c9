#include "coordinator/server/router.hpp"

#include <array>
#include <vector>

#include "coordinator/transport/http_message.hpp"
#include "protocol/assert.hpp"

namespace escrow::server {
namespace {

struct Entry {
  Route route;
  /// `{gid}`, `{id}` and `{file}` stand for one segment each.
  std::string_view path;
  bool reads;
  bool writes;
};

constexpr std::array entries{
    Entry{Route::index, "/", true, false},
    Entry{Route::console, "/console/{file}", true, false},
    Entry{Route::openapi, "/openapi.json", true, false},
    Entry{Route::live, "/healthz/live", true, false},
    Entry{Route::ready, "/healthz/ready", true, false},
    Entry{Route::metrics, "/metrics", true, false},
    Entry{Route::info, "/v1/info", true, false},
    Entry{Route::transactions, "/v1/transactions", true, true},
    Entry{Route::transaction, "/v1/transactions/{gid}", true, false},
    Entry{Route::branches, "/v1/transactions/{gid}/branches", false, true},
    Entry{Route::commit, "/v1/transactions/{gid}/commit", false, true},
    Entry{Route::abort, "/v1/transactions/{gid}/abort", false, true},
    Entry{Route::extend, "/v1/transactions/{gid}/extend", false, true},
    Entry{Route::retry, "/v1/transactions/{gid}/retry", false, true},
    Entry{Route::resolve_check, "/v1/transactions/{gid}/resolve", false, true},
    Entry{Route::resolve_branch, "/v1/transactions/{gid}/branches/{id}/resolve", false, true},
    Entry{Route::events, "/v1/transactions/{gid}/events", true, false},
    Entry{Route::retry_many, "/v1/retry", false, true},
    Entry{Route::stream, "/v1/events", true, false},
    Entry{Route::overview, "/v1/overview", true, false},
    Entry{Route::destinations, "/v1/destinations", true, false},
};

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
  if (entry.reads && entry.writes) return "GET, HEAD, POST, OPTIONS";
  return entry.reads ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
}

bool allows(Route route, std::string_view method) {
  const Entry& entry = entry_of(route);
  if (method == "GET" || method == "HEAD") return entry.reads;
  if (method == "POST") return entry.writes;
  return method == "OPTIONS";
}

std::string_view template_of(Route route) { return entry_of(route).path; }

}  // namespace escrow::server
