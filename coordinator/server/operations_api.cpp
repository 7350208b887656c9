#include <fmt/format.h>

#include <memory>
#include <utility>

#include "coordinator/server/api.hpp"
#include "coordinator/server/overview_json.hpp"
#include "coordinator/server/request_bodies.hpp"
#include "coordinator/server/stream/stream_query.hpp"
#include "coordinator/server/transaction_json.hpp"

/// What operators ask: list, history, retry, resolve (docs/protocol.md, 3.4 and 3.5).
namespace escrow::server {

using transport::Request;
using transport::Response;

async::Task<Response> Api::list(const Request& request, const Principal& principal) {
  auto query = parse_list(QueryReader(request.query));
  if (!query) co_return query.error().to_response();
  const auto page = co_await parts_.engine.list(std::move(query->filter), query->limit, std::move(query->cursor));
  if (page) co_return json_response(200, list_json(*page, mask_for(principal)));
  // A cursor is opaque to everybody but the store, which alone can tell that this is none.
  if (page.error().code == store::LogErrc::invalid_cursor) {
    std::vector<protocol::Fault> faults{{"", "is not a cursor of this coordinator", "cursor"}};
    co_return Problem(protocol::ProblemCode::invalid).faults(std::move(faults)).to_response();
  }
  co_return response_of(page.error());
}

async::Task<Response> Api::events(protocol::Gid gid, const Request& request, const Principal& principal) {
  if (auto problem = refuse_unknown(QueryReader(request.query))) co_return problem->to_response();
  const auto events = co_await parts_.engine.events(std::move(gid));
  if (!events) co_return response_of(events.error());
  if (!events->has_value()) co_return Problem(protocol::ProblemCode::not_found).to_response();
  co_return json_response(200, history_json(**events, mask_for(principal) != nullptr));
}

namespace {

/// A stream outlives its request, so a token that is taken away must end it, too: at the latest at the next heartbeat.
class AskingWriter final : public transport::BodyWriter {
 public:
  AskingWriter(transport::BodyWriter& writer, const Door& door, const Request& request, auth::Role needed)
      : writer_(writer), door_(door), request_(request), needed_(needed) {}

  async::Task<bool> write(std::string_view chunk) override {
    if (!door_.still_admits(request_, needed_)) co_return false;
    const bool is_taken = co_await writer_.write(chunk);
    co_return is_taken;
  }

 private:
  transport::BodyWriter& writer_;
  const Door& door_;
  const Request& request_;
  const auth::Role needed_;
};

async::Task<> ask_while_streaming(const Door& door, std::shared_ptr<const Request> request, auth::Role needed,
                                  std::shared_ptr<const transport::BodyStream> body, transport::BodyWriter& writer) {
  AskingWriter asking(writer, door, *request, needed);
  co_await (*body)(asking);
}

/// What shows who asks, and nothing else of the request.
std::shared_ptr<const Request> credentials_of(const Request& request) {
  auto out = std::make_shared<Request>();
  if (const auto authorization = request.headers.find("Authorization")) out->headers.add("Authorization", *authorization);
  out->peer = request.peer;
  return out;
}

}  // namespace

async::Task<Response> Api::stream(const Request& request, const Principal& principal) {
  auto query = parse_stream(request);
  if (!query) co_return query.error().to_response();
  std::shared_ptr<const void> place;
  if (principal.name && !principal.may(auth::Role::operate)) {
    place = usage_.open_stream(*principal.name, principal.limits);
    if (!place) {
      co_return Problem(protocol::ProblemCode::overloaded,
                        "as many readers of the event stream as limits.principal_stream_clients allows " + *principal.name)
          .to_response();
    }
  }
  StreamQuery wanted = *std::move(query);
  wanted.sees_words = mask_for(principal) == nullptr;
  // Whoever loses the role loses the stream, and comes back to one that shows less.
  const auth::Role needed = wanted.sees_words && !parts_.mask.is_empty() ? auth::Role::admin : auth::Role::read;
  auto body = co_await stream_.open(std::move(wanted));
  if (!body) co_return body.error().to_response();
  Response response(200);
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  // Proxies that collect answers before they pass them on know this one.
  response.headers.add("X-Accel-Buffering", "no");
  const auto shared_body = std::make_shared<const transport::BodyStream>(*std::move(body));
  response.stream = [&door = parts_.door, credentials = credentials_of(request), shared_body, place,
                     needed](transport::BodyWriter& writer) { return ask_while_streaming(door, credentials, needed, shared_body, writer); };
  co_return response;
}

async::Task<Response> Api::overview(const Request& request, const Principal& principal) {
  if (auto problem = refuse_unknown(QueryReader(request.query))) co_return problem->to_response();
  auto overview = co_await parts_.engine.overview();
  if (!overview) co_return response_of(overview.error());
  co_return json_response(200, overview_json(*overview, Series::with, mask_for(principal) != nullptr));
}

async::Task<std::optional<std::string>> Api::overview_message(bool hides_words) {
  const auto overview = co_await parts_.engine.overview();
  if (!overview) co_return std::nullopt;
  co_return overview_json(*overview, Series::without, hides_words);
}

Response Api::destinations(const Request& request, const Principal& principal) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();
  return json_response(200, destinations_json(parts_.engine.destinations(), mask_for(principal) != nullptr));
}

async::Task<Response> Api::retry(protocol::Gid gid, const Request& request, const Principal& principal) {
  auto body = parse_retry(request.body, QueryReader(request.query));
  if (!body) co_return body.error().to_response();
  std::optional<std::string> actor = principal.actor();
  const engine::Answer answer = co_await parts_.engine.retry(std::move(gid), std::move(body->reason), std::move(actor));
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::resolve(protocol::Gid gid, std::optional<protocol::BranchId> branch, const Request& request,
                                   const Principal& principal) {
  auto body = branch ? parse_branch_resolve(request.body, QueryReader(request.query))
                     : parse_check_resolve(request.body, QueryReader(request.query));
  if (!body) co_return body.error().to_response();
  std::string actor = principal.actor().value_or("anonymous");
  const engine::Answer answer = co_await parts_.engine.resolve(std::move(gid), std::move(branch), body->operation, body->succeeded,
                                                               std::move(body->reason), std::move(actor));
  co_return response_of(answer, mask_for(principal));
}

async::Task<Response> Api::retry_many(const Request& request, const Principal& principal) {
  auto body = parse_retry_many(request.body, QueryReader(request.query));
  if (!body) co_return body.error().to_response();
  const bool dry_run = body->dry_run;
  std::optional<std::string> actor = principal.actor();
  const auto count = co_await parts_.engine.retry_many(std::move(body->filter), std::move(body->destination), dry_run,
                                                       std::move(body->reason), std::move(actor));
  if (!count) co_return response_of(count.error());
  co_return json_response(200, fmt::format("{{\"count\":{},\"dry_run\":{}}}", *count, dry_run));
}

}  // namespace escrow::server
