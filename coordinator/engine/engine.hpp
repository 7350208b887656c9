#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "coordinator/async/task.hpp"
#include "coordinator/core/transaction.hpp"
#include "coordinator/engine/driver/call_signer.hpp"
#include "coordinator/engine/durable_events.hpp"
#include "coordinator/engine/node/answer.hpp"
#include "coordinator/engine/node/destinations.hpp"
#include "coordinator/engine/node/settings.hpp"
#include "coordinator/engine/overview.hpp"
#include "coordinator/store/store.hpp"
#include "coordinator/transport/http_client.hpp"
#include "protocol/start_request.hpp"

/// The engine: performs what `core` decides. The one place where core, store and transport meet. All members are called on the
/// executor's thread; every Task resumes there.
namespace escrow::engine {

using node::Answer;

/// Numbers for /metrics, taken at one moment.
struct EngineMetrics {
  std::map<protocol::Mode, std::uint64_t> started;
  std::map<std::pair<protocol::Mode, protocol::Status>, std::uint64_t> finished;
  /// By operation and outcome (`succeeded`, `refused`, `in_progress`, `postponed`, `unknown`).
  std::map<std::pair<protocol::OperationName, std::string>, std::uint64_t> calls;
  std::vector<std::uint64_t> call_duration_buckets;  // bounds in call_duration_bounds_s; the last is +Inf
  double call_duration_sum_s = 0;
  std::uint64_t call_duration_count = 0;
  std::uint64_t calls_open = 0;
  std::uint64_t resident = 0;
  std::uint64_t recovered = 0;
  /// Rows of the log that could not be read and were parked.
  std::uint64_t corrupt = 0;
};
[[nodiscard]] const std::vector<double>& call_duration_bounds_s();

/// A destination (scheme://host:port) as those see it who look.
using Destination = node::Destinations::View;

/// A piece of the history as the log holds it.
struct EventPage {
  std::vector<store::StoredEvent> events;
  /// Everything that was asked for stands in `events` up to and including this seq.
  std::int64_t up_to = 0;
  /// Whether the log goes on behind `up_to`.
  bool has_more = false;
  /// From here on nothing had been removed when the events had been read.
  std::int64_t complete_from = 1;
};

/// From `complete_from` on nothing has been removed; `last` is the largest seq ever given.
struct EventRange {
  std::int64_t complete_from = 1;
  std::int64_t last = 0;
};

class Engine {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    store::Store& store;
    transport::HttpClient& client;
    node::Settings settings;
    std::chrono::milliseconds retention;
    std::chrono::milliseconds tombstone;
    /// For jitter and span ids: a seed per engine.
    std::uint64_t seed = 0;
    /// Signs every call; null: none is signed. Must outlive the engine.
    const driver::CallSigner* signer = nullptr;
  };
  explicit Engine(Parts parts);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Loads the first page of what is due; answers when reads and writes work. Then `is_ready()`.
  async::Task<Result<void>> recover();
  /// 503 on the ready page while false: recovery has not loaded, the store can't be written, or draining.
  [[nodiscard]] bool is_ready() const;

  /// `wait` above zero: answers when the transaction is terminal or the time has passed. A caller that goes away changes nothing.
  async::Task<Answer> start(std::shared_ptr<const protocol::StartRequest> request, core::Trace trace, std::optional<std::string> actor,
                            core::Duration wait);
  async::Task<Answer> look(protocol::Gid gid, core::Duration wait);
  async::Task<Answer> register_branches(protocol::Gid gid, std::vector<std::shared_ptr<const protocol::BranchRequest>> branches,
                                        std::optional<std::string> actor);
  async::Task<Answer> commit(protocol::Gid gid, std::optional<std::string> reason, std::optional<std::string> actor, core::Duration wait);
  async::Task<Answer> abort(protocol::Gid gid, protocol::AbortCode code, std::optional<std::string> reason,
                            std::optional<std::string> actor, core::Duration wait);
  async::Task<Answer> extend(protocol::Gid gid, std::int64_t timeout_ms, std::optional<std::string> actor);
  /// `reason`: an operator's, for the history.
  async::Task<Answer> retry(protocol::Gid gid, std::optional<std::string> reason, std::optional<std::string> actor);
  /// `branch` nothing: the check of a two-phase message. An unknown branch answers `not_found`.
  async::Task<Answer> resolve(protocol::Gid gid, std::optional<protocol::BranchId> branch, protocol::OperationName operation,
                              bool succeeded, std::string reason, std::string actor);

  async::Task<Result<store::Page>> list(store::Filter filter, std::size_t limit, std::optional<std::string> cursor);
  /// The history of one gid, oldest first; nothing: no such transaction.
  async::Task<Result<std::optional<std::vector<store::StoredEvent>>>> events(protocol::Gid gid);
  /// The history behind `after`, of all or of one gid, at most `limit` events; what is kept back in memory is not in it yet.
  async::Task<Result<EventPage>> event_page(std::optional<protocol::Gid> gid, std::int64_t after, std::size_t limit);
  async::Task<Result<EventRange>> event_range();
  /// From now on `handler` is told of what becomes durable, in the order of seq. Before `recover`.
  void on_durable(DurableHandler handler);
  /// Retries all that match; `destination` (scheme://host:port) narrows to operations calling there. Answers how many transactions.
  async::Task<Result<std::int64_t>> retry_many(store::Filter filter, std::optional<std::string> destination, bool dry_run,
                                               std::optional<std::string> reason, std::optional<std::string> actor);
  async::Task<Result<store::Counts>> counts();
  /// Cheap: no scan.
  async::Task<Result<Overview>> overview();

  [[nodiscard]] EngineMetrics metrics() const;
  [[nodiscard]] std::vector<Destination> destinations() const;
  [[nodiscard]] store::Store& store();
  [[nodiscard]] async::Executor executor() const;

  /// New work is refused with `draining`, waiters are answered, no new call starts; returns when calls in flight have ended and their
  /// outcomes are on disk, or after `grace`.
  async::Task<void> drain(core::Duration grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace escrow::engine
