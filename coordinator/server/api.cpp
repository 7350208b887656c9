#include "coordinator/server/api.hpp"

#include <utility>

#include "coordinator/server/request_bodies.hpp"
#include "coordinator/server/transaction_json.hpp"
#include "protocol/headers.hpp"
#include "protocol/utf8.hpp"

namespace escrow::server {
namespace {

using protocol::ProblemCode;
using transport::Request;
using transport::Response;

constexpr std::size_t actor_limit = 256;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// `application/json`, with no other parameter than a charset of UTF-8.
bool is_json_type(std::string_view type) {
  const std::size_t semicolon = type.find(';');
  if (!transport::equals_ignoring_case(trim(type.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameter = trim(type.substr(semicolon + 1));
  return parameter.empty() || transport::equals_ignoring_case(parameter, "charset=utf-8") ||
         transport::equals_ignoring_case(parameter, "charset=\"utf-8\"");
}

/// A body must be JSON and say so, which no form of a web page can do; where none is needed, none need be announced.
bool has_unsupported_body(const Request& request) {
  const auto type = request.headers.find("Content-Type");
  if (request.body.empty() && !type) return false;
  if (request.headers.contains("Content-Encoding")) return true;
  return !type || request.headers.count("Content-Type") != 1 || !is_json_type(*type);
}

bool is_actor(std::string_view text) {
  if (text.empty() || text.size() > actor_limit) return false;
  while (!text.empty()) {
    const std::size_t length = protocol::utf8_length(text);
    if (length == 0 || (length == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7F))) return false;
    text.remove_prefix(length);
  }
  return true;
}

Response options(Route route) {
  Response response(204);
  response.headers.add("Allow", allowed_methods(route));
  return response;
}

}  // namespace

Api::Api(ApiParts parts)
    : parts_(std::move(parts)), stream_(parts_.engine, parts_.stream, [this](bool hides_words) { return overview_message(hides_words); }) {
  stream_.also_tell([this](const protocol::Gid& gid, const engine::DurableEvents& events) {
    if (!usage_.counts_any()) return;
    // Where only the log could tell, the principal has the benefit of the doubt.
    const bool has_ended =
        !events.is_certain || events.types.contains(protocol::EventType::committed) || events.types.contains(protocol::EventType::aborted);
    if (has_ended) usage_.ended(gid.text());
  });
}

const PayloadMask* Api::mask_for(const Principal& principal) const {
  const bool sees_all = parts_.mask.is_empty() || (principal.name && principal.role >= auth::Role::admin);
  return sees_all ? nullptr : &parts_.mask;
}

Result<Principal, Response> Api::let_in(const Request& request, const std::optional<Match>& match, Asked asked) {
  const auto refused_with = [&](const Problem& problem) {
    Response refused = problem.to_response();
    if (match) counters_.count(match->route, refused.status);
    return refused;
  };
  if (const auto refusal = parts_.guard.refusal(request)) {
    parts_.door.tell_of_browser(refusal->reason, request, match);
    return refused_with(Problem(ProblemCode::forbidden, std::string(refusal->detail)));
  }
  auto admitted = parts_.door.admit(request, match);
  const bool is_known = admitted && admitted->name.has_value();
  if (request.standing != nullptr && (is_known || !admitted)) request.standing->set_known(is_known);
  if (!admitted) return refused_with(admitted.error());
  if (!match) return Problem(ProblemCode::not_found).to_response();
  if (auto problem = refuse_haste(*admitted, *match, request, asked)) return refused_with(*problem);
  return *std::move(admitted);
}

std::optional<Response> Api::check_head(const Request& head) {
  const auto match = match_path(head.path);
  auto admitted = let_in(head, match, Asked::before_the_body);
  if (!admitted) return std::move(admitted.error());
  // What everybody may ask needs no body, and a stranger's is not waited for.
  const bool is_for_everybody = parts_.door.asks() && !admitted->name;
  if (is_for_everybody) return Problem(ProblemCode::malformed_request, "this takes no body").to_response();
  return std::nullopt;
}

async::Task<Response> Api::handle(Request request) {
  const auto match = match_path(request.path);
  auto admitted = let_in(request, match, Asked::for_good);
  request.standing = nullptr;  // which ends with the request, and this may be copied
  if (!admitted) co_return std::move(admitted.error());
  if (!allows(match->route, request.method)) {
    co_return Problem(ProblemCode::method_not_allowed).allow(std::string(allowed_methods(match->route))).to_response();
  }
  const std::string actor = admitted->name.value_or("");
  Response response;
  if (request.method == "OPTIONS") {
    response = options(match->route);
  } else if (has_unsupported_body(request)) {
    response = Problem(ProblemCode::unsupported_media_type).to_response();
  } else {
    Principal principal = *std::move(admitted);
    response = co_await dispatch(*match, request, std::move(principal));
  }
  counters_.count(match->route, response.status);
  if (parts_.logger.wants(LogLevel::debug)) {
    parts_.logger.write(LogLevel::debug, "request",
                        {{"method", std::string_view(request.method)},
                         {"route", template_of(match->route)},
                         {"gid", std::string_view(match->gid)},
                         {"principal", std::string_view(actor)},
                         {"status", std::int64_t{response.status}}});
  }
  co_return response;
}

/// Whoever starts or looks too often waits. Decisions and registrations belong to what is under way, and operators to its rescue: they are
/// always served.
std::optional<Problem> Api::refuse_haste(const Principal& principal, const Match& match, const Request& request, Asked asked) {
  if (!principal.name || principal.may(auth::Role::operate)) return std::nullopt;
  if (request.method == "POST" && match.route != Route::transactions) return std::nullopt;
  const auto now = std::chrono::steady_clock::now();
  const auto wait = asked == Asked::for_good ? usage_.take_request(*principal.name, principal.limits, now)
                                             : usage_.look_at_requests(*principal.name, principal.limits, now);
  if (!wait) return std::nullopt;
  Problem problem(ProblemCode::overloaded, "more requests than limits.principal_rate_per_s allows " + *principal.name);
  problem.retry_after(*wait);
  return problem;
}

async::Task<Response> Api::dispatch(const Match& match, const Request& request, Principal principal) {
  // Who is known by name is not asked for another one.
  if (const auto actor = request.headers.find(protocol::header_actor); actor && !principal.name) {
    if (!is_actor(*actor) || request.headers.count(protocol::header_actor) != 1) {
      co_return Problem(ProblemCode::malformed_request, "Escrow-Actor must be one name of up to 256 bytes without control characters")
          .to_response();
    }
    principal.claimed = std::string(*actor);
  }

  // What can't be the name of a transaction or branch names none.
  const auto gid = protocol::Gid::parse(match.gid);
  if (!match.gid.empty() && !gid) co_return Problem(ProblemCode::not_found).to_response();
  const auto branch = protocol::BranchId::parse(match.branch);
  if (!match.branch.empty() && !branch) co_return Problem(ProblemCode::not_found).to_response();

  switch (match.route) {
    case Route::transactions:
      if (request.method == "POST") co_return co_await start(request, principal);
      co_return co_await list(request, principal);
    case Route::transaction: co_return co_await look(*gid, request, principal);
    case Route::branches: co_return co_await register_branches(*gid, request, principal);
    case Route::commit: co_return co_await commit(*gid, request, principal);
    case Route::abort: co_return co_await abort(*gid, request, principal);
    case Route::extend: co_return co_await extend(*gid, request, principal);
    case Route::retry: co_return co_await retry(*gid, request, principal);
    case Route::resolve_check: co_return co_await resolve(*gid, std::nullopt, request, principal);
    case Route::resolve_branch: co_return co_await resolve(*gid, branch, request, principal);
    case Route::events: co_return co_await events(*gid, request, principal);
    case Route::retry_many: co_return co_await retry_many(request, principal);
    case Route::stream: co_return co_await stream(request, principal);
    case Route::overview: co_return co_await overview(request, principal);
    case Route::destinations: co_return destinations(request, principal);
    case Route::metrics: co_return co_await metrics(request);
    case Route::index: co_return index(request);
    case Route::console: co_return console(match.file, request);
    case Route::openapi: co_return openapi(request);
    case Route::live: co_return live(request);
    case Route::ready: co_return ready(request);
    case Route::info: co_return info(request, principal);
  }
  co_return Problem(ProblemCode::not_found).to_response();
}

Response json_response(int status, std::string body) {
  Response response(status);
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

Response response_of(const engine::Answer& answer, const PayloadMask* mask) {
  if (answer.problem) {
    Problem problem(*answer.problem, answer.detail);
    if (*answer.problem == ProblemCode::invalid) problem.faults(answer.faults);
    if (*answer.problem == ProblemCode::gid_conflict || *answer.problem == ProblemCode::branch_conflict) problem.differs(answer.differs);
    return problem.to_response();
  }
  std::string body;
  append_transaction(body, *answer.transaction, mask);
  return json_response(answer.created ? 201 : 200, std::move(body));
}

Response response_of(const Error& error) {
  // A row that can't be read stays so: asking again is no help.
  if (error.code == store::LogErrc::corrupt) return Problem(ProblemCode::internal).to_response();
  return Problem(ProblemCode::store_unavailable, error.detail).to_response();
}

}  // namespace escrow::server
