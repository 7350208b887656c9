#include "coordinator/server/door.hpp"

#include <fmt/format.h>

#include <utility>

namespace escrow::server {
namespace {

using protocol::ProblemCode;
using transport::Request;

constexpr std::chrono::seconds line_interval{1};

bool is_api_path(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

}  // namespace

std::optional<auth::Role> Door::required(const Request& request, const std::optional<Match>& match) const {
  if (!match) return is_api_path(request.path) ? std::optional(auth::Role::read) : std::nullopt;
  if (match->route == Route::metrics && open_metrics_) return std::nullopt;
  return required_role(match->route, request.method);
}

Result<Principal, Problem> Door::admit(const Request& request, const std::optional<Match>& match) {
  if (!authenticator_.is_configured()) return Principal();
  const auto role = required(request, match);
  if (!role) return Principal();
  auto known = authenticator_.authenticate(request);
  if (!known) return turn_away(known.error(), request, match);
  if (!known->may(*role)) return turn_away(*known, *role, request, match);
  return *std::move(known);
}

bool Door::still_admits(const Request& request, auth::Role role) const {
  const auto known = authenticator_.authenticate(request);
  return known && known->may(role);
}

Problem Door::turn_away(auth::Refusal refusal, const Request& request, const std::optional<Match>& match) {
  // Whoever shows a certificate of our authorities is somebody, and an operator will want to know who.
  const bool has_name = request.peer && !request.peer->names.empty();
  tell(auth::to_string(refusal), has_name ? std::string_view(request.peer->names.front()) : std::string_view(), request, match);
  Problem problem(ProblemCode::unauthenticated, std::string(auth::detail_of(refusal)));
  // Who showed nothing is not told of an error (RFC 6750, 3.1).
  problem.challenge(refusal == auth::Refusal::missing ? R"(Bearer realm="escrow")" : R"(Bearer realm="escrow", error="invalid_token")");
  return problem;
}

Problem Door::turn_away(const Principal& principal, auth::Role required, const Request& request, const std::optional<Match>& match) {
  tell("role", *principal.name, request, match);
  Problem problem(ProblemCode::forbidden, fmt::format("this needs the role {}, and {} has the role {}", auth::to_string(required),
                                                      *principal.name, auth::to_string(principal.role)));
  problem.challenge(fmt::format(R"(Bearer realm="escrow", error="insufficient_scope", scope="{}")", auth::to_string(required)));
  return problem;
}

void Door::tell(std::string_view reason, std::string_view principal, const Request& request, const std::optional<Match>& match) {
  ++refused_[reason];
  const auto now = std::chrono::steady_clock::now();
  if (now < next_line_) {
    ++untold_;
    return;
  }
  next_line_ = now + line_interval;
  // The route, not the path: what a stranger writes into a path is no text for a log.
  logger_.warning("turned away", {{"reason", reason},
                                  {"principal", principal},
                                  {"remote", std::string_view(request.remote_address)},
                                  {"route", match ? template_of(match->route) : std::string_view("none of ours")},
                                  {"others", std::exchange(untold_, 0)}});
}

}  // namespace escrow::server
