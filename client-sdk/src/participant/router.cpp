#include "client-sdk/src/participant/router.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <escrow/context.hpp>
#include <escrow/error.hpp>

#include "client-sdk/src/participant/problem.hpp"
#include "protocol/assert.hpp"
#include "protocol/headers.hpp"

namespace escrow::participant {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  const auto parsed = HttpRequest::parse({}, path, {}, {});
  ESCROW_ASSERT(parsed.has_value());  // a route begins with '/'
  return parsed->segments();
}

bool is_place(const std::string& segment) { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

/// The values of the places, or nothing where the path is another one.
std::optional<HttpRequest::Fields> match(const std::vector<std::string>& route, const std::vector<std::string>& path) {
  if (route.size() != path.size()) return std::nullopt;
  HttpRequest::Fields places;
  for (std::size_t i = 0; i < route.size(); ++i) {
    if (is_place(route[i])) {
      places.emplace_back(route[i].substr(1, route[i].size() - 2), path[i]);
    } else if (route[i] != path[i]) {
      return std::nullopt;
    }
  }
  return places;
}

std::string text_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace

void Router::add_operation(std::string_view path, Operation operation, Handler handler) {
  routes_.push_back({segments_of(path), "POST", operation, std::move(handler), {}});
}

void Router::add_plain(std::string_view method, std::string_view path, HttpHandler handler) {
  routes_.push_back({segments_of(path), std::string(method), std::nullopt, {}, std::move(handler)});
}

Routed Router::route(HttpRequest request) const {
  std::vector<const Route*> calls;
  const Route* plain = nullptr;
  HttpRequest::Fields places;
  std::vector<std::string> methods;
  for (const Route& route : routes_) {
    auto matched = match(route.segments, request.segments());
    if (!matched) continue;
    methods.push_back(route.method);
    if (route.method != request.method()) continue;
    if (route.operation) {
      calls.push_back(&route);
    } else if (plain == nullptr) {
      plain = &route;
      places = std::move(*matched);
    }
  }

  if (!calls.empty() && (plain == nullptr || request.header(protocol::header_operation))) return answer_call(request, calls);
  Routed routed;
  if (plain != nullptr) {
    request.set_parameters(std::move(places));
    routed.answer = answer_plain(request, *plain);
    return routed;
  }
  if (methods.empty()) {
    routed.answer = problem(404, "not_found", "Not found", "no such path");
    return routed;
  }
  std::ranges::sort(methods);
  methods.erase(std::ranges::unique(methods).begin(), methods.end());
  for (const auto& method : methods) routed.allow += (routed.allow.empty() ? "" : ", ") + method;
  routed.answer = problem(405, "method_not_allowed", "Method not allowed", "this path knows " + routed.allow);
  return routed;
}

Routed Router::turn_away(const Route& route, const Error& error) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (log_ && told_s_.exchange(now) != now)
    // The route as it was written here: what a stranger puts into its places is no text for a log.
    log_("refused a call to /" + (route.segments.empty() ? "" : route.segments.front()) + ": " + error.detail);
  Routed routed;
  routed.answer = unverified_call_answer(error);
  routed.authenticate = "Webhook-Signature";
  return routed;
}

Routed Router::answer_call(const HttpRequest& request, const std::vector<const Route*>& candidates) const {
  // Before anything else: who is not let in learns nothing of this service, and nothing of his is looked at.
  if (verifier_) {
    const auto verified = verifier_->verify(request.method(), request.target(), request.headers(), request.body());
    if (!verified) return turn_away(*candidates.front(), verified.error());
  }
  Routed routed;
  auto branch = Branch::from_headers(request.headers());
  if (!branch) {
    routed.answer = malformed_call_answer(branch.error());
    return routed;
  }
  const auto chosen = std::ranges::find_if(candidates, [&](const Route* route) { return route->operation == branch->operation(); });
  if (chosen == candidates.end()) {
    const std::string word(protocol::to_string(branch->operation()));
    routed.answer = malformed_call_answer(make_error(Errc::malformed_call, "this path does not serve " + word));
    return routed;
  }

  const ContextScope scope{Context(*branch)};
  Outcome outcome = Outcome::unavailable({});
  try {
    outcome = (*chosen)->handler(*branch, request.body());
  } catch (...) {
    outcome = Outcome::unavailable("the handler failed: " + text_of(std::current_exception()));
  }
  if (outcome.kind() == Outcome::Kind::unavailable && log_) log_(branch->idempotency_key() + ": " + outcome.reason());
  routed.answer = outcome.to_http();
  routed.branch = std::move(*branch);
  return routed;
}

HttpAnswer Router::answer_plain(const HttpRequest& request, const Route& route) const {
  // Plain requests belong to no transaction, but their trace goes on.
  const ContextScope scope{Context({}, request.header(protocol::header_traceparent).value_or(std::string()),
                                   request.header(protocol::header_tracestate).value_or(std::string()))};
  try {
    return route.plain(request);
  } catch (...) {
    if (log_) log_(route.method + " /" + (route.segments.empty() ? "" : route.segments.front()) + ": " + text_of(std::current_exception()));
    return problem(500, "internal", "Internal error", "the handler failed");
  }
}

}  // namespace escrow::participant
