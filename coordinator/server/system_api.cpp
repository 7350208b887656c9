#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "coordinator/server/api.hpp"
#include "coordinator/server/console.hpp"
#include "coordinator/server/metrics_text.hpp"
#include "coordinator/server/openapi.hpp"
#include "coordinator/server/request_bodies.hpp"
#include "protocol/json_writer.hpp"

/// What machines ask: health, metrics, what this is (docs/protocol.md, 3.5).
namespace escrow::server {
namespace {

using protocol::ProblemCode;
using transport::Request;
using transport::Response;

Response text_response(std::string_view type, std::string body) {
  Response response(200);
  response.headers.add("Content-Type", type);
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

}  // namespace

Response Api::index(const Request& request) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();
  if (wants_page(request)) return console_response(*find_console_asset("index.html"), request);

  Response response = text_response("text/plain; charset=utf-8",
                                    fmt::format("Escrow coordinator {}\n\n"
                                                "It finishes business transactions that span several services, or undoes them.\n\n"
                                                "  /                   the console, in a browser\n"
                                                "  /openapi.json       the API, for machines\n"
                                                "  /v1/transactions    what is there\n"
                                                "  /v1/info            version, store, limits\n"
                                                "  /healthz/ready      whether new work is accepted\n"
                                                "  /metrics            numbers for Prometheus\n\n"
                                                "The protocol and how to run it are described in the documents that come with the program: "
                                                "docs/protocol.md, docs/operations.md.\n",
                                                parts_.instance.version));
  response.headers.add("Vary", "Accept, Accept-Encoding");
  return response;
}

Response Api::console(const std::string& file, const Request& request) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();
  const ConsoleAsset* asset = find_console_asset(file);
  return asset == nullptr ? Problem(ProblemCode::not_found).to_response() : console_response(*asset, request);
}

Response Api::openapi(const Request& request) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();
  Response response = text_response("application/json", {});
  response.fixed_body = openapi_document();
  return response;
}

Response Api::live(const Request& request) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();
  return json_response(200, R"({"status":"live"})");
}

Response Api::ready(const Request& request) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();

  if (draining_) return Problem(ProblemCode::draining).to_response();
  if (!parts_.engine.is_ready())
    return Problem(ProblemCode::store_unavailable, "the log cannot be written now, or has not been loaded yet").to_response();
  return json_response(200, R"({"status":"ready"})");
}

Response Api::info(const Request& request, const Principal& principal) const {
  if (auto problem = refuse_unknown(QueryReader(request.query))) return problem->to_response();

  const Instance& instance = parts_.instance;
  const store::Store& store = parts_.engine.store();
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - parts_.started);
  std::string body = "{\"version\":";
  protocol::append_json_string(body, instance.version);
  body += ",\"node\":";
  protocol::append_json_string(body, instance.node);
  body += ",\"store_id\":";
  protocol::append_json_string(body, store.store_id());
  body += ",\"store\":";
  protocol::append_json_string(body, instance.store);
  fmt::format_to(std::back_inserter(body),
                 R"(,"durable":{},"retention_ms":{},"tombstone_ms":{},"limits":{},"settings":{},"uptime_ms":{}}})", store.is_durable(),
                 instance.retention.count(), instance.tombstone.count(), instance.limits_json, instance.settings_json, uptime.count());
  body.pop_back();
  body += ",\"principal\":";
  if (principal.name) {
    body += "{\"name\":";
    protocol::append_json_string(body, *principal.name);
    fmt::format_to(std::back_inserter(body), R"(,"role":"{}"}}}})", auth::to_string(principal.role));
  } else {
    body += "null}";
  }
  return json_response(200, std::move(body));
}

async::Task<Response> Api::metrics(const Request& request) {
  if (auto problem = refuse_unknown(QueryReader(request.query))) co_return problem->to_response();
  MetricsSnapshot snapshot;
  auto counts = co_await parts_.engine.counts();
  if (counts) {
    snapshot.counts = *std::move(counts);
    snapshot.has_counts = true;
  }
  snapshot.version = parts_.instance.version;
  snapshot.engine = parts_.engine.metrics();
  snapshot.destinations = parts_.engine.destinations();
  snapshot.store = parts_.engine.store().metrics();
  snapshot.http = &counters_;
  snapshot.reloads_succeeded = parts_.reloads.succeeded();
  snapshot.reloads_failed = parts_.reloads.failed();
  snapshot.turned_away = &parts_.door.refused();
  snapshot.connections = parts_.connections();
  snapshot.stream = stream_.metrics();
  snapshot.log_lines_dropped = parts_.logger.dropped();
  snapshot.ready = parts_.engine.is_ready() && !draining_;
  snapshot.uptime_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - parts_.started).count();
  co_return text_response("text/plain; version=0.0.4; charset=utf-8", metrics_text(snapshot));
}

}  // namespace escrow::server
