#include "coordinator/engine/driver/shard.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "coordinator/engine/driver/call_request.hpp"
#include "coordinator/engine/driver/outcome.hpp"
#include "coordinator/faults/fault_point.hpp"
#include "protocol/assert.hpp"

namespace escrow::engine::driver {

namespace asio = boost::asio;

namespace {

#ifdef FAULT_POINTS
/// gid/branch/operation, as in the call's key.
std::string fault_context(const node::CallWanted& wanted) {
  std::string context = wanted.gid.text();
  if (wanted.branch) context.append("/").append(wanted.branch->id.text());
  return context.append("/").append(protocol::to_string(wanted.operation));
}
#endif

}  // namespace

struct Shard::Asking {
  explicit Asking(const async::Executor& executor) : answered(executor) {}
  async::Event answered;
  node::Answer answer;
};

void CallDurations::add(double seconds) {
  const auto bucket = std::ranges::lower_bound(call_duration_bounds_s, seconds) - call_duration_bounds_s.begin();
  ++buckets[static_cast<std::size_t>(bucket)];
  sum_s += seconds;
  ++count;
}

Shard::Shard(async::Executor executor, store::Store& store, transport::HttpClient& client, const CallSigner* signer, const Clock& clock,
             node::Settings settings, std::int64_t unfinished, std::uint64_t seed, DurableHandler on_durable)
    : executor_(std::move(executor)),
      store_(store),
      client_(client),
      signer_(signer),
      clock_(clock),
      node_(settings, store.run(), unfinished),
      random_(seed),
      on_durable_(std::move(on_durable)),
      calls_(executor_),
      recovered_(executor_),
      drained_(executor_),
      timer_(executor_) {}

void Shard::begin() { step(node::Woken{}); }

async::Task<node::Answer> Shard::ask(node::Request request) {
  // Shared with the table: the caller may be cancelled while the node still owes the answer.
  const auto asking = std::make_shared<Asking>(executor_);
  request.token = ++last_token_;
  asking_.emplace(request.token, asking);
  step(std::move(request));
  if (!asking->answered.is_set()) co_await asking->answered.wait();
  co_return std::move(asking->answer);
}

void Shard::step(node::Input input) noexcept {
  std::vector<node::Output> outputs = std::exchange(outputs_, {});
  node_.step(clock_.now(), std::move(input), outputs);
  // Calls last: one that fails on the spot steps again, and what a write points at is valid until then only.
  for (auto& output : outputs) {
    if (!std::holds_alternative<node::CallWanted>(output)) std::visit([this](auto& wanted) { perform(wanted); }, output);
  }
  for (auto& output : outputs) {
    if (auto* wanted = std::get_if<node::CallWanted>(&output)) perform(*wanted);
  }
  outputs.clear();
  outputs_ = std::move(outputs);
  if (node_.is_recovered() && !recovered_.is_set()) recovered_.set();
  if (node_.is_drained() && !drained_.is_set()) drained_.set();
  set_timer();
}

void Shard::perform(node::WriteWanted& wanted) {
  const protocol::Gid gid = wanted.transaction->gid();
  EventTypes types;
  for (const auto& event : wanted.history) types.add(event.type);
  const std::size_t events = wanted.history.size();
  ESCROW_FAULT_POINT("engine.write", gid.text());
  auto write = store::encode_write(*wanted.transaction, wanted.due_at, std::move(wanted.history));
  const auto urgency = wanted.is_new_work ? store::Urgency::new_work : store::Urgency::owed;
  if (!written_) {
    written_ = std::make_shared<Written>(executor_, [self = weak_from_this()](Written::Answer answer) {
      if (const auto shard = self.lock()) shard->on_written(std::move(answer));
    });
  }
  store_.queue(std::move(write), urgency, [written = written_, gid, events, types](store::WriteResult result) {
    written->add({gid, std::move(result), events, types});
  });
  commit_at_the_end_of_the_round();
}

/// Behind everything that is ready now: what that writes, too, becomes one commit. With nothing else to do that is at once.
void Shard::commit_at_the_end_of_the_round() {
  if (std::exchange(is_commit_posted_, true)) return;
  asio::post(executor_, [self = weak_from_this()] {
    const auto shard = self.lock();
    if (!shard) return;
    shard->is_commit_posted_ = false;
    shard->store_.commit_queued();
  });
}

void Shard::on_written(Written::Answer written) {
  const auto& [gid, result, events, types] = written;
  ESCROW_FAULT_POINT("engine.written", gid.text());
  tell_durable(gid, result, events, types);
  const bool refused = result.answer == store::WriteAnswer::unavailable || result.answer == store::WriteAnswer::unknown;
  // A conflict writes nothing, and says nothing of the disk.
  if (refused || result.answer == store::WriteAnswer::ok) is_store_writable_ = !refused;
  step(node::WriteAnswered{gid, std::move(written.result)});
}

/// The store's answers come in the order of its commits, and a write's events stand together at the end of what it wrote.
void Shard::tell_durable(const protocol::Gid& gid, const store::WriteResult& result, std::size_t events, EventTypes types) {
  if (!on_durable_ || events == 0) return;
  DurableEvents durable;
  durable.types = types;
  if (result.answer == store::WriteAnswer::ok) {
    durable.first_seq = result.last_seq - static_cast<std::int64_t>(events) + 1;
    durable.last_seq = result.last_seq;
  } else if (result.answer == store::WriteAnswer::unknown) {
    durable.is_certain = false;
  } else {
    return;
  }
  on_durable_(gid, durable);
}

void Shard::perform(node::LoadWanted& wanted) {
  store_.read([self = weak_from_this(), executor = executor_, gid = wanted.gid](store::Reader* reader) {
    ESCROW_FAULT_POINT("recovery.load", gid.text());
    auto found = reader != nullptr ? reader->load(gid)
                                   : Result<store::Found>(Error{make_error_code(store::LogErrc::unavailable), "the log can't be read"});
    asio::post(executor, [self, gid, found = std::move(found)]() mutable {
      if (const auto shard = self.lock()) shard->step(node::Loaded{gid, std::move(found)});
    });
  });
}

void Shard::perform(node::DueWanted& wanted) {
  store_.read([self = weak_from_this(), executor = executor_, wanted](store::Reader* reader) {
    ESCROW_FAULT_POINT("recovery.page.before", "");
    auto page = reader != nullptr ? reader->load_due(core::to_ms(wanted.until), wanted.limit, wanted.after)
                                  : Result<store::DuePage>(Error{make_error_code(store::LogErrc::unavailable), "the log can't be read"});
    ESCROW_FAULT_POINT("recovery.page.read", "");
    asio::post(executor, [self, page = std::move(page)]() mutable {
      if (const auto shard = self.lock()) shard->step(node::DueLoaded{std::move(page)});
      ESCROW_FAULT_POINT("recovery.page.taken", "");
    });
  });
}

void Shard::perform(node::CallWanted& wanted) { calls_.spawn(call(std::move(wanted))); }

void Shard::perform(node::Answered& answered) {
  const auto found = asking_.find(answered.token);
  ESCROW_ASSERT(found != asking_.end());
  const auto asking = std::move(found->second);
  asking_.erase(found);
  asking->answer = std::move(answered.answer);
  asking->answered.set();
}

/// False: the call was cancelled.
async::Task<bool> Shard::carry_out(const node::CallWanted& wanted, core::Outcome& outcome) {
  auto request = make_call_request(wanted, random_);
  ESCROW_FAULT_POINT("call.before", fault_context(wanted));
  if (!request) {
    outcome.detail = "the stored URL can't be called";
    co_return true;
  }
  if (signer_ != nullptr) signer_->sign(*request, std::chrono::system_clock::now());
  const transport::CallAnswer answer = co_await client_.call(std::move(*request));
  ESCROW_FAULT_POINT("call.answered", fault_context(wanted));
  if (!answer.answered() && answer.failure().kind == transport::CallFailureKind::cancelled) co_return false;
  outcome = outcome_of(answer, wanted, std::chrono::system_clock::now());
  co_return true;
}

async::Task<void> Shard::call(node::CallWanted wanted) {
  const auto self = shared_from_this();
  const auto began = async::Clock::now();
  core::Outcome outcome;
  bool is_cancelled = false;
  try {
    is_cancelled = !co_await carry_out(wanted, outcome);
  } catch (const boost::system::system_error& error) {
    is_cancelled = error.code() == asio::error::operation_aborted;
    outcome = core::Outcome();
    outcome.detail = "internal error";
  } catch (const std::exception&) {
    // A call whose end the node never hears of would stay open for ever. Too short to want memory, which may be what is missing.
    outcome = core::Outcome();
    outcome.detail = "internal error";
  }
  // The process ends: what was not answered is unknown to the next run by itself.
  if (is_cancelled) co_return;
  durations_.add(std::chrono::duration<double>(async::Clock::now() - began).count());
  const double jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  step(node::CallEnded{wanted.call, std::move(outcome), jitter});
}

void Shard::set_timer() {
  if (is_stopped_) return;
  const auto wakeup = node_.next_wakeup();
  if (wakeup == timer_at_) return;
  timer_at_ = wakeup;
  if (!wakeup) {
    timer_.cancel();
    return;
  }
  // The timer's clock stands still while the machine sleeps, ours does not: look again now and then.
  constexpr core::Duration longest_sleep = std::chrono::seconds(5);
  timer_.expires_after(std::clamp(*wakeup - clock_.now(), core::Duration(0), longest_sleep));
  timer_.async_wait([self = weak_from_this(), at = *wakeup](const boost::system::error_code& error) {
    const auto shard = self.lock();
    if (error || !shard || shard->timer_at_ != at) return;
    shard->timer_at_.reset();
    shard->step(node::Woken{});
  });
}

async::Task<void> Shard::drain(async::Clock::time_point deadline) {
  step(node::DrainBegun{});
  if (!drained_.is_set()) (void)co_await drained_.wait_until(deadline);
  calls_.cancel();
  co_await calls_.join();
  // What backs off stays in the log. A timer that is still armed would keep the executor, and so the process, alive.
  is_stopped_ = true;
  timer_.cancel();
}

}  // namespace escrow::engine::driver
