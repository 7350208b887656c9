#include "coordinator/engine/engine.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "coordinator/async/persist.hpp"
#include "coordinator/core/turn.hpp"
#include "coordinator/engine/driver/call_request.hpp"
#include "coordinator/engine/driver/shard.hpp"
#include "coordinator/faults/fault_point.hpp"

namespace escrow::engine {

namespace asio = boost::asio;

namespace {

/// Runs `work` with a reader of the store on its thread and brings the result back to the executor.
template <class T>
async::Task<Result<T>> on_reader(store::Store& store, async::Executor executor, std::function<Result<T>(store::Reader&)> work) {
  struct Reading {
    explicit Reading(const async::Executor& home) : done(home) {}
    async::Event done;
    std::optional<Result<T>> result;
  };
  const auto reading = std::make_shared<Reading>(executor);
  std::function<void(store::Reader*)> job = [reading, executor, work = std::move(work)](store::Reader* reader) {
    auto result =
        reader != nullptr ? work(*reader) : Result<T>(Error{make_error_code(store::LogErrc::unavailable), "the log can't be read"});
    asio::post(executor, [reading, result = std::move(result)]() mutable {
      reading->result.emplace(std::move(result));
      reading->done.set();
    });
  };
  store.read(std::move(job));
  co_await reading->done.wait();
  co_return std::move(*reading->result);
}

std::string_view outcome_name(core::Outcome::Class outcome) {
  switch (outcome) {
    case core::Outcome::Class::succeeded: return "succeeded";
    case core::Outcome::Class::refused: return "refused";
    case core::Outcome::Class::in_progress: return "in_progress";
    case core::Outcome::Class::postponed: return "postponed";
    case core::Outcome::Class::unknown: return "unknown";
  }
  return "";
}

bool calls_destination(const core::Transaction& transaction, const std::string& destination) {
  return std::ranges::any_of(core::turns(transaction), [&](core::OperationRef ref) {
    return node::target_of(core::url_of(transaction, ref)).destination == destination;
  });
}

}  // namespace

const std::vector<double>& call_duration_bounds_s() {
  static const std::vector<double> bounds(driver::call_duration_bounds_s.begin(), driver::call_duration_bounds_s.end());
  return bounds;
}

struct Engine::Impl {
  explicit Impl(Parts with) : parts(std::move(with)), clock(core::from_ms(parts.store.latest_ms())), housekeeping(parts.executor) {}

  Parts parts;
  driver::Clock clock;
  std::shared_ptr<driver::Shard> shard;
  async::TaskGroup housekeeping;
  DurableHandler on_durable;
  /// Whether the store took the last probe.
  bool is_writable = true;
  bool draining = false;

  std::optional<core::Time> until(core::Duration wait) const { return wait.count() > 0 ? std::optional(clock.now() + wait) : std::nullopt; }

  template <class Body>
  async::Task<Answer> ask(protocol::Gid gid, Body body, core::Duration wait = core::Duration(0)) {
    node::Request request;
    request.gid = std::move(gid);
    request.body = std::move(body);
    request.wait_until = until(wait);
    co_return co_await shard->ask(std::move(request));
  }

  async::Task<void> keep_house();
  async::Task<Result<std::size_t>> maintain(std::function<Result<std::size_t>(store::Log&)> work);
};

async::Task<Result<std::size_t>> Engine::Impl::maintain(std::function<Result<std::size_t>(store::Log&)> work) {
  struct Working {
    explicit Working(const async::Executor& home) : done(home) {}
    async::Event done;
    std::optional<Result<std::size_t>> result;
  };
  const auto working = std::make_shared<Working>(parts.executor);
  std::function<void(store::Log&)> job = [working, executor = parts.executor, work = std::move(work)](store::Log& log) {
    auto result = work(log);
    asio::post(executor, [working, result = std::move(result)]() mutable {
      working->result.emplace(std::move(result));
      working->done.set();
    });
  };
  parts.store.maintain(std::move(job));
  co_await working->done.wait();
  co_return std::move(*working->result);
}

/// Asks the store whether it can be written, every second while it refuses and seldom while it does not, and removes what is past its
/// retention in small pieces.
async::Task<void> Engine::Impl::keep_house() {
  constexpr std::size_t piece = 200;
  constexpr int seldom = 10;
  async::Timer timer(parts.executor);
  for (int second = 1;; ++second) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    if (is_writable && shard->is_store_writable() && second % seldom != 0) continue;
    std::function<Result<std::size_t>(store::Log&)> probe = [](store::Log& log) -> Result<std::size_t> {
      if (auto probed = log.probe(); !probed) return probed.error();
      return std::size_t{0};
    };
    const auto writable = co_await maintain(std::move(probe));
    is_writable = writable.has_value();
    if (!is_writable) continue;
    const std::int64_t now = core::to_ms(clock.now());
    const std::int64_t before = now - parts.retention.count();
    const std::int64_t tombstone_until = now + parts.tombstone.count();
    for (bool more = true; more;) {
      std::function<Result<std::size_t>(store::Log&)> remove = [before, tombstone_until](store::Log& log) {
        return log.remove_finished(before, tombstone_until, piece);
      };
      const auto removed = co_await maintain(std::move(remove));
      more = removed && *removed == piece;
    }
    std::function<Result<std::size_t>(store::Log&)> forget = [now](store::Log& log) { return log.remove_tombstones(now, piece); };
    (void)co_await maintain(std::move(forget));
  }
}

Engine::Engine(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Engine::~Engine() = default;

async::Task<Result<void>> Engine::recover() {
  ESCROW_FAULT_POINT("recovery.begun", "");
  const auto counted = co_await counts();
  ESCROW_FAULT_POINT("recovery.counted", "");
  if (!counted) co_return counted.error();
  std::int64_t unfinished = 0;
  for (const auto& [status, count] : counted->unfinished) unfinished += count;
  impl_->shard = std::make_shared<driver::Shard>(impl_->parts.executor, impl_->parts.store, impl_->parts.client, impl_->parts.signer,
                                                 impl_->clock, impl_->parts.settings, unfinished, impl_->parts.seed, impl_->on_durable);
  impl_->shard->begin();
  if (!impl_->shard->is_recovered()) co_await impl_->shard->recovered().wait();
  ESCROW_FAULT_POINT("recovery.done", "");
  // What fails is for lack of memory, and the next second's work says the same again: nobody is told.
  impl_->housekeeping.spawn(async::persist([impl = impl_.get()] { return impl->keep_house(); }, [](std::string_view) {}));
  co_return Result<void>();
}

bool Engine::is_ready() const { return impl_->shard && impl_->shard->is_recovered() && impl_->is_writable && !impl_->draining; }

async::Task<Answer> Engine::start(std::shared_ptr<const protocol::StartRequest> request, core::Trace trace,
                                  std::optional<std::string> actor, core::Duration wait) {
  if (trace.traceparent.empty()) trace.traceparent = driver::new_traceparent(impl_->shard->random());
  protocol::Gid gid = request->gid;
  node::Start body{std::move(request), std::move(trace), std::move(actor)};
  co_return co_await impl_->ask(std::move(gid), std::move(body), wait);
}

async::Task<Answer> Engine::look(protocol::Gid gid, core::Duration wait) { return impl_->ask(std::move(gid), node::Look{}, wait); }

async::Task<Answer> Engine::register_branches(protocol::Gid gid, std::vector<std::shared_ptr<const protocol::BranchRequest>> branches,
                                              std::optional<std::string> actor) {
  core::BranchesRegistered body;
  body.actor = std::move(actor);
  body.branches = std::move(branches);
  return impl_->ask(std::move(gid), std::move(body));
}

async::Task<Answer> Engine::commit(protocol::Gid gid, std::optional<std::string> reason, std::optional<std::string> actor,
                                   core::Duration wait) {
  return impl_->ask(std::move(gid), core::CommitRequested{std::move(actor), std::move(reason)}, wait);
}

async::Task<Answer> Engine::abort(protocol::Gid gid, protocol::AbortCode code, std::optional<std::string> reason,
                                  std::optional<std::string> actor, core::Duration wait) {
  return impl_->ask(std::move(gid), core::AbortRequested{code, std::move(actor), std::move(reason)}, wait);
}

async::Task<Answer> Engine::extend(protocol::Gid gid, std::int64_t timeout_ms, std::optional<std::string> actor) {
  return impl_->ask(std::move(gid), core::Extended{timeout_ms, std::move(actor)});
}

async::Task<Answer> Engine::retry(protocol::Gid gid, std::optional<std::string> reason, std::optional<std::string> actor) {
  return impl_->ask(std::move(gid), core::RetriedNow{std::move(actor), std::move(reason)});
}

async::Task<Answer> Engine::resolve(protocol::Gid gid, std::optional<protocol::BranchId> branch, protocol::OperationName operation,
                                    bool succeeded, std::string reason, std::string actor) {
  node::Resolve body;
  body.branch = std::move(branch);
  body.operation = operation;
  body.succeeded = succeeded;
  body.reason = std::move(reason);
  body.actor = std::move(actor);
  return impl_->ask(std::move(gid), std::move(body));
}

async::Task<Result<store::Page>> Engine::list(store::Filter filter, std::size_t limit, std::optional<std::string> cursor) {
  std::function<Result<store::Page>(store::Reader&)> work =
      [filter = std::move(filter), limit, cursor = std::move(cursor)](store::Reader& reader) { return reader.list(filter, limit, cursor); };
  return on_reader<store::Page>(impl_->parts.store, impl_->parts.executor, std::move(work));
}

async::Task<Result<std::optional<std::vector<store::StoredEvent>>>> Engine::events(protocol::Gid gid) {
  using Events = std::optional<std::vector<store::StoredEvent>>;
  // What is lazily kept back in memory is written first, so that the history tells all that has been told.
  Answer seen = co_await look(gid, core::Duration(0));
  if (seen.problem == protocol::ProblemCode::not_found) co_return Events();
  std::function<Result<Events>(store::Reader&)> work = [gid = std::move(gid)](store::Reader& reader) -> Result<Events> {
    constexpr std::size_t all = 1'000'000;
    auto events = reader.events(gid, 0, all);
    if (!events) return events.error();
    return Events(std::move(*events));
  };
  co_return co_await on_reader<Events>(impl_->parts.store, impl_->parts.executor, std::move(work));
}

async::Task<Result<EventPage>> Engine::event_page(std::optional<protocol::Gid> gid, std::int64_t after, std::size_t limit) {
  std::function<Result<EventPage>(store::Reader&)> work = [gid = std::move(gid), after, limit](store::Reader& reader) -> Result<EventPage> {
    // The range first: what is written in between only makes the page longer.
    const auto range = reader.seq_range();
    if (!range) return range.error();
    auto events = gid ? reader.events(*gid, after, limit) : reader.events_after(after, limit);
    if (!events) return events.error();
    // What has been removed before the events were read is known behind them only.
    const auto kept = reader.seq_range();
    if (!kept) return kept.error();
    EventPage page;
    page.complete_from = kept->first;
    page.events = std::move(*events);
    // A page that is not full may have rows behind it that could not be read: only an empty one is the end.
    page.up_to = page.events.empty() ? std::max(after, range->second) : page.events.back().seq;
    page.has_more = page.up_to < range->second && (!gid || page.events.size() == limit);
    return page;
  };
  return on_reader<EventPage>(impl_->parts.store, impl_->parts.executor, std::move(work));
}

async::Task<Result<EventRange>> Engine::event_range() {
  std::function<Result<EventRange>(store::Reader&)> work = [](store::Reader& reader) -> Result<EventRange> {
    const auto range = reader.seq_range();
    if (!range) return range.error();
    return EventRange{range->first, range->second};
  };
  return on_reader<EventRange>(impl_->parts.store, impl_->parts.executor, std::move(work));
}

void Engine::on_durable(DurableHandler handler) { impl_->on_durable = std::move(handler); }

async::Task<Result<std::int64_t>> Engine::retry_many(store::Filter filter, std::optional<std::string> destination, bool dry_run,
                                                     std::optional<std::string> reason, std::optional<std::string> actor) {
  if (filter.status.empty()) filter.status = {protocol::Status::active, protocol::Status::committing, protocol::Status::aborting};
  constexpr std::size_t page_size = 500;
  std::int64_t count = 0;
  std::optional<std::string> cursor;
  do {
    auto page = co_await list(filter, page_size, cursor);
    if (!page) co_return page.error();
    for (const auto& listed : page->transactions) {
      if (listed.is_terminal()) continue;
      const Answer seen = co_await look(listed.gid(), core::Duration(0));
      if (!seen.transaction || seen.transaction->is_terminal()) continue;
      if (destination && !calls_destination(*seen.transaction, *destination)) continue;
      ++count;
      if (!dry_run) (void)co_await retry(listed.gid(), reason, actor);
    }
    cursor = page->next_cursor;
  } while (cursor);
  co_return count;
}

async::Task<Result<store::Counts>> Engine::counts() {
  std::function<Result<store::Counts>(store::Reader&)> work = [](store::Reader& reader) { return reader.counts(); };
  return on_reader<store::Counts>(impl_->parts.store, impl_->parts.executor, std::move(work));
}

async::Task<Result<Overview>> Engine::overview() {
  std::function<Result<Overview>(store::Reader&)> work = [](store::Reader& reader) -> Result<Overview> {
    Overview overview;
    auto counts = reader.counts();
    if (!counts) return counts.error();
    overview.counts = *std::move(counts);
    store::Filter unfinished;
    unfinished.oldest_first = true;
    unfinished.status = {protocol::Status::active, protocol::Status::committing, protocol::Status::aborting};
    auto oldest = reader.list(unfinished, 1, std::nullopt);
    if (!oldest) return oldest.error();
    if (!oldest->transactions.empty()) overview.oldest = std::move(oldest->transactions.front());
    store::Filter in_attention;
    in_attention.oldest_first = true;
    in_attention.attention = true;
    auto attention = reader.list(in_attention, 1, std::nullopt);
    if (!attention) return attention.error();
    if (!attention->transactions.empty()) overview.oldest_attention = std::move(attention->transactions.front());
    return overview;
  };
  auto overview = co_await on_reader<Overview>(impl_->parts.store, impl_->parts.executor, std::move(work));
  if (!overview) co_return overview;
  overview->at = impl_->clock.now();
  overview->is_ready = is_ready();
  overview->traffic = summarize(impl_->shard->node().traffic(), overview->at);
  co_return overview;
}

EngineMetrics Engine::metrics() const {
  const auto& node = impl_->shard->node();
  const auto& counters = node.counters();
  EngineMetrics metrics;
  metrics.started = counters.started;
  metrics.finished = counters.finished;
  for (const auto& [key, count] : counters.calls) metrics.calls[{key.first, std::string(outcome_name(key.second))}] = count;
  const auto& durations = impl_->shard->call_durations();
  metrics.call_duration_buckets.assign(durations.buckets.begin(), durations.buckets.end());
  metrics.call_duration_sum_s = durations.sum_s;
  metrics.call_duration_count = durations.count;
  metrics.calls_open = node.open_calls();
  metrics.resident = node.resident();
  metrics.recovered = counters.recovered;
  metrics.corrupt = counters.corrupt;
  return metrics;
}

std::vector<Destination> Engine::destinations() const { return impl_->shard->node().destinations(impl_->clock.now()); }

store::Store& Engine::store() { return impl_->parts.store; }
async::Executor Engine::executor() const { return impl_->parts.executor; }

async::Task<void> Engine::drain(core::Duration grace) {
  impl_->draining = true;
  impl_->housekeeping.cancel();
  co_await impl_->housekeeping.join();
  if (impl_->shard) co_await impl_->shard->drain(async::Clock::now() + grace);
}

}  // namespace escrow::engine
