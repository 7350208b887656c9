#include <memory>
#include <utility>

#include "coordinator/server/api.hpp"
#include "coordinator/server/request_bodies.hpp"
#include "coordinator/server/trace_context.hpp"

/// What initiators ask: start, look, register, commit, abort, extend (docs/protocol.md, 3.2 to 3.4).
namespace escrow::server {
namespace {

using core::Duration;
using protocol::ProblemCode;
using transport::Request;
using transport::Response;

/// The problem of a body, together with what is wrong with the query.
Problem problem_of(protocol::BodyFault body, QueryReader query) {
  Problem problem(body.code, std::move(body.detail));
  if (body.code != ProblemCode::invalid) return problem;
  query.refuse_rest();
  std::vector<protocol::Fault> faults = std::move(body.faults);
  for (protocol::Fault& fault : std::move(query).take_faults()) faults.push_back(std::move(fault));
  problem.faults(std::move(faults));
  return problem;
}

/// The engine speaks of an array; a body that was one branch has no `/0`.
void point_into_single_branch(std::vector<std::string>& pointers) {
  for (std::string& pointer : pointers) {
    if (pointer.starts_with("/0/") || pointer == "/0") pointer.erase(0, 2);
  }
}

}  // namespace

async::Task<Response> Api::start(const Request& request, const Principal& principal) {
  QueryReader query(request.query);
  const std::int64_t wait_ms = query.read_integer("wait_ms", wait_range).value_or(0);
  auto parsed = protocol::parse_start_request(request.body, parts_.rules, parts_.new_gid());
  if (!parsed) co_return problem_of(std::move(parsed.error()), std::move(query)).to_response();
  if (auto problem = refuse_unknown(std::move(query))) co_return problem->to_response();

  auto wanted = std::make_shared<const protocol::StartRequest>(*std::move(parsed));
  core::Trace trace = trace_of(request.headers);
  const protocol::Gid gid = wanted->gid;
  bool is_counted = false;
  if (const auto problem = co_await count_start(gid, principal, is_counted)) co_return problem->to_response();
  std::optional<std::string> actor = principal.name;
  const engine::Answer answer = co_await parts_.engine.start(std::move(wanted), std::move(trace), std::move(actor), Duration(wait_ms));
  if (is_counted && (answer.problem || answer.transaction->is_terminal())) usage_.ended(gid.text());
  Response response = response_of(answer, mask_for(principal));
  if (response.status == 201) response.headers.add("Location", "/v1/transactions/" + answer.transaction->gid().text());
  co_return response;
}

async::Task<std::optional<Problem>> Api::count_start(const protocol::Gid& gid, const Principal& principal, bool& is_counted) {
  if (!principal.name || principal.limits.unfinished_transactions == 0 || principal.may(auth::Role::operate)) co_return std::nullopt;
  const auto begun = usage_.begin(*principal.name, principal.limits, gid.text());
  is_counted = begun == auth::Usage::Begun::counted;
  if (begun != auth::Usage::Begun::full) co_return std::nullopt;
  // A repeat is no new work.
  const engine::Answer seen = co_await parts_.engine.look(gid, Duration(0));
  if (!seen.problem) co_return std::nullopt;
  co_return Problem(ProblemCode::overloaded,
                    "as many unfinished transactions as limits.principal_unfinished_transactions allows " + *principal.name);
}

async::Task<Response> Api::look(protocol::Gid gid, const Request& request, const Principal& principal) {
  QueryReader query(request.query);
  const std::int64_t wait_ms = query.read_integer("wait_ms", wait_range).value_or(0);
  if (auto problem = refuse_unknown(std::move(query))) co_return problem->to_response();
  const engine::Answer answer = co_await parts_.engine.look(std::move(gid), Duration(wait_ms));
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::register_branches(protocol::Gid gid, const Request& request, const Principal& principal) {
  if (auto problem = refuse_unknown(QueryReader(request.query))) co_return problem->to_response();
  // The transaction gives the branches their defaults. It cannot change in what is used of it here: mode, retry, time limit.
  const engine::Answer seen = co_await parts_.engine.look(gid, Duration(0));
  if (seen.problem) co_return response_of(seen, nullptr);
  if (!seen.transaction->request->interactive) co_return Problem(ProblemCode::not_interactive).to_response();
  auto parsed = protocol::parse_branches(request.body, *seen.transaction->request, parts_.rules);
  if (!parsed) co_return problem_of(std::move(parsed.error()), QueryReader("")).to_response();

  const bool is_array = parsed->is_array;
  std::optional<std::string> actor = principal.name;
  engine::Answer answer = co_await parts_.engine.register_branches(std::move(gid), std::move(parsed->branches), std::move(actor));
  if (!is_array) {
    point_into_single_branch(answer.differs);
    for (protocol::Fault& fault : answer.faults) {
      if (fault.pointer.starts_with("/0")) fault.pointer.erase(0, 2);
    }
  }
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::commit(protocol::Gid gid, const Request& request, const Principal& principal) {
  std::int64_t wait_ms = 0;
  auto body = parse_decision(request.body, QueryReader(request.query), wait_ms);
  if (!body) co_return body.error().to_response();
  std::optional<std::string> actor = principal.actor();
  const engine::Answer answer = co_await parts_.engine.commit(std::move(gid), std::move(body->reason), std::move(actor), Duration(wait_ms));
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::abort(protocol::Gid gid, const Request& request, const Principal& principal) {
  std::int64_t wait_ms = 0;
  auto body = parse_decision(request.body, QueryReader(request.query), wait_ms);
  if (!body) co_return body.error().to_response();
  const auto code = principal.acts_as_operator() ? protocol::AbortCode::operator_ : protocol::AbortCode::initiator;
  std::optional<std::string> actor = principal.actor();
  const engine::Answer answer =
      co_await parts_.engine.abort(std::move(gid), code, std::move(body->reason), std::move(actor), Duration(wait_ms));
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::extend(protocol::Gid gid, const Request& request, const Principal& principal) {
  auto body = parse_extend(request.body, QueryReader(request.query));
  if (!body) co_return body.error().to_response();
  std::optional<std::string> actor = principal.actor();
  const engine::Answer answer = co_await parts_.engine.extend(std::move(gid), body->timeout_ms, std::move(actor));
  co_return response_of(answer, mask_for(principal));
}

}  // namespace escrow::server
