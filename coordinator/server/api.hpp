#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "coordinator/async/task.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/server/auth/usage.hpp"
#include "coordinator/server/door.hpp"
#include "coordinator/server/http_counters.hpp"
#include "coordinator/server/log.hpp"
#include "coordinator/server/origin_guard.hpp"
#include "coordinator/server/principal.hpp"
#include "coordinator/server/problem.hpp"
#include "coordinator/server/reload/reloads.hpp"
#include "coordinator/server/router.hpp"
#include "coordinator/server/secrets/payload_mask.hpp"
#include "coordinator/server/stream/event_stream.hpp"
#include "coordinator/transport/http_message.hpp"
#include "protocol/start_request_json.hpp"

/// The native API (docs/protocol.md, 3): from an HTTP request to the engine and back. It validates and renders; what happens is the
/// engine's.
namespace escrow::server {

/// What the API tells of this process and its configuration.
struct Instance {
  std::string version;
  std::string node;
  /// `sqlite` or `memory`.
  std::string store;
  std::chrono::milliseconds retention{0};
  std::chrono::milliseconds tombstone{0};
  /// The members of `limits` in `GET /v1/info`, as a JSON object.
  std::string limits_json;
  /// The elements of `settings` in `GET /v1/info`, as a JSON array.
  std::string settings_json;
};

/// What the API needs of the rest. All must outlive it.
struct ApiParts {
  engine::Engine& engine;
  Logger& logger;
  Instance instance;
  OriginGuard guard;
  Door door;
  const Reloads& reloads;
  PayloadMask mask;
  StreamLimits stream;
  protocol::RequestRules rules;
  /// A gid for a transaction that brought none.
  std::function<protocol::Gid()> new_gid;
  /// Open connections, for the metrics.
  std::function<std::size_t()> connections;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

class Api {
 public:
  explicit Api(ApiParts parts);

  /// Answers one request. On the engine's executor.
  async::Task<transport::Response> handle(transport::Request request);

  /// What can be said of a request before its body is here: the answer to one that would be refused whatever it holds.
  [[nodiscard]] std::optional<transport::Response> check_head(const transport::Request& head);

  /// From now on the ready page says `draining`; new work the engine refuses by itself.
  void begin_drain() { draining_ = true; }
  /// Once the HTTP server has drained: ends what runs for the event stream.
  async::Task<> end() { return stream_.end(); }

 private:
  async::Task<transport::Response> dispatch(const Match& match, const transport::Request& request, Principal principal);

  // transactions_api.cpp: what initiators ask.
  async::Task<transport::Response> start(const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> look(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> register_branches(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> commit(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> abort(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> extend(protocol::Gid gid, const transport::Request& request, const Principal& principal);

  // operations_api.cpp: what operators ask.
  async::Task<transport::Response> list(const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> events(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> retry(protocol::Gid gid, const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> resolve(protocol::Gid gid, std::optional<protocol::BranchId> branch, const transport::Request& request,
                                           const Principal& principal);
  async::Task<transport::Response> stream(const transport::Request& request, const Principal& principal);
  async::Task<transport::Response> overview(const transport::Request& request, const Principal& principal);
  [[nodiscard]] transport::Response destinations(const transport::Request& request, const Principal& principal) const;
  /// Whether it is asked for the first time (and will be again when the body is here), or for good.
  enum class Asked : std::uint8_t { before_the_body, for_good };
  /// Host and origin, token or certificate, role, rate.
  [[nodiscard]] Result<Principal, transport::Response> let_in(const transport::Request& request, const std::optional<Match>& match,
                                                              Asked asked);
  [[nodiscard]] std::optional<Problem> refuse_haste(const Principal& principal, const Match& match, const transport::Request& request,
                                                    Asked asked);
  /// What is hidden from them; null: nothing.
  [[nodiscard]] const PayloadMask* mask_for(const Principal& principal) const;
  /// Whether the start may go on: a principal's share of unfinished transactions is not used up, or this one is there already.
  async::Task<std::optional<Problem>> count_start(const protocol::Gid& gid, const Principal& principal, bool& is_counted);

  /// For the stream; nothing: the log can't be read now.
  async::Task<std::optional<std::string>> overview_message(bool hides_words);
  async::Task<transport::Response> retry_many(const transport::Request& request, const Principal& principal);

  // system_api.cpp: what machines ask.
  [[nodiscard]] transport::Response index(const transport::Request& request) const;
  [[nodiscard]] transport::Response console(const std::string& file, const transport::Request& request) const;
  [[nodiscard]] transport::Response openapi(const transport::Request& request) const;
  [[nodiscard]] transport::Response live(const transport::Request& request) const;
  [[nodiscard]] transport::Response ready(const transport::Request& request) const;
  [[nodiscard]] transport::Response info(const transport::Request& request, const Principal& principal) const;
  async::Task<transport::Response> metrics(const transport::Request& request);

  ApiParts parts_;
  HttpCounters counters_;
  auth::Usage usage_;
  EventStream stream_;
  bool draining_ = false;
};

/// The answer to a request that the engine has answered: the transaction, or the problem.
[[nodiscard]] transport::Response response_of(const engine::Answer& answer, const PayloadMask* mask);
/// The problem of a read that the store refused.
[[nodiscard]] transport::Response response_of(const Error& error);

[[nodiscard]] transport::Response json_response(int status, std::string body);

}  // namespace escrow::server
