#include "tests/fault-injection/sim/coordinator_host.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::sim {

namespace node = engine::node;

namespace {

constexpr std::uint64_t settings_purpose = 0x5e77;
// Who an event of the process itself belongs to.
constexpr Identity process{.operation = of_process};

// What an input is called as somebody's.
constexpr Identity woken{.operation = input_woken};
constexpr Identity page_of_due{.operation = input_page};

Identity of(const protocol::Gid& gid, int operation, std::int64_t attempt = 0) {
  return {.transaction = ordinal_of(gid.text()), .operation = operation, .attempt = attempt};
}

}  // namespace

engine::node::Settings settings_for(const Context& context) {
  node::Settings settings;
  if (context.is_ordinary) return settings;
  Dice dice(context.seed, settings_purpose, {});
  settings.lazy_flush = Duration(dice.one_of(1, 5, 20, 100));
  settings.unfinished_transactions = dice.chance(0.1) ? 2 : 1000;
  settings.calls_per_destination = static_cast<std::size_t>(dice.one_of(1, 2, 4, 256));
  settings.breaker_failures = static_cast<std::size_t>(dice.one_of(2, 5, 20));
  settings.breaker_pause = Duration(dice.one_of(20, 100, 500));
  settings.keep_idle = Duration(dice.one_of(0, 10, 100, 2000));
  // Not below what back-offs come to: an idle coordinator asks for a page every half of it, and pages without a row prove little.
  settings.lookahead = Duration(dice.one_of(150, 600, 2000));
  settings.due_page = static_cast<std::size_t>(dice.one_of(1, 2, 10));
  settings.resident_transactions = static_cast<std::size_t>(dice.one_of(1, 2, 100, 100));
  settings.store_pause = Duration(dice.one_of(1, 10, 50));
  settings.store_pause_longest = Duration(dice.one_of(50, 400));
  return settings;
}

CoordinatorHost::CoordinatorHost(Context& context, StoreModel& store, Network& network)
    : context_(context), store_(store), network_(network), settings_(settings_for(context)) {}

void CoordinatorHost::start() {
  ++life_;
  run_ = store_.begin_run();
  is_draining_ = false;
  paused_until_ = context_.now();
  wakeup_.reset();
  node_ = std::make_unique<node::Node>(settings_, run_, store_.unfinished());
  set_clock();
  context_.record(context_.history.life, Life{{}, Life::What::started, run_, -1, clock_ahead_});
  take(node::Woken{}, woken);
}

void CoordinatorHost::set_clock() {
  const Identity identity{.operation = process.operation, .attempt = run_};
  const Duration before = wall_ahead_;
  if (context_.faults.fires(Point::clock_forward, identity)) wall_ahead_ += context_.pick(Point::choice, identity, 1'000, 100'000'000);
  if (context_.faults.fires(Point::clock_back, identity)) wall_ahead_ -= context_.pick(Point::choice, identity, 1'000, 100'000'000);
  const auto waits = [](const auto& value) { return value->status == protocol::Status::active && value->deadline_at; };
  if (wall_ahead_ != before && std::ranges::any_of(store_.all(), waits)) ++context_.history.noticed.jumps_with_deadline;
  clock_ahead_ = std::max(context_.now() + wall_ahead_, store_.latest()) - context_.now();
}

bool CoordinatorHost::receive(node::Request request, Ask what, Reply reply) {
  if (!node_ || !node_->is_recovered()) return false;
  waiting_.push_back({request.token, ordinal_of(request.gid.text()), what, std::move(reply)});
  // The caller's patience is told by the driver's clock.
  if (request.wait_until) *request.wait_until += clock_ahead_;
  const Identity identity = of(request.gid, input_request + static_cast<int>(what));
  deliver(std::move(request), identity, life_);
  return true;
}

void CoordinatorHost::deliver(node::Input input, Identity identity, std::uint64_t life) {
  if (life != life_ || !node_) return;
  // A loss of memory that a pause has held back until calm is none any more.
  if (context_.faults.is_calm() && std::holds_alternative<node::Forgotten>(input)) return;
  if (paused_until_ <= context_.now()) return take(std::move(input), identity);
  held_.push_back({std::move(input), identity, life});
}

void CoordinatorHost::release_held() {
  if (paused_until_ > context_.now()) return;
  auto held = std::exchange(held_, {});
  for (Held& one : held) {
    context_.after(context_.pick(Point::latency, one.identity, 0, 3), one.identity,
                   [this, one = std::move(one)]() mutable { deliver(std::move(one.input), one.identity, one.life); });
  }
}

void CoordinatorHost::take(node::Input input, Identity identity) {
  const bool is_page = std::holds_alternative<node::DueLoaded>(input);
  const bool is_housekeeping = is_page || std::holds_alternative<node::Woken>(input);
  std::vector<node::Output> outputs = std::move(spare_);
  recovering_ = !node_->is_recovered();
  ++context_.history.end.node_steps;
  if (is_housekeeping) ++context_.history.end.housekeeping;
  node_->step(clock(), std::move(input), outputs);
  if (is_housekeeping && outputs.empty()) {
    if (is_page && context_.faults.fires(Point::coordinator_crash_at_start, identity)) return crash();
  } else if (perform_all(outputs, identity, is_page)) {
    return;
  }
  outputs.clear();
  spare_ = std::move(outputs);
  if (is_draining_ && node_->is_drained()) return stop();
  if (!is_housekeeping) mishap(identity);
  if (node_) schedule_wakeup();
}

bool CoordinatorHost::perform_all(std::vector<node::Output>& outputs, Identity identity, bool is_page) {
  Faults& faults = context_.faults;
  for (std::size_t i = 0; i <= outputs.size(); ++i) {
    identity.place = static_cast<int>(i);
    const bool keeps_writes = faults.fires(Point::coordinator_crash_kept, identity);
    const bool dies_young = is_page && faults.fires(Point::coordinator_crash_at_start, identity);
    if (keeps_writes || dies_young || faults.fires(Point::coordinator_crash, identity)) {
      crash(keeps_writes);
      return true;
    }
    if (i < outputs.size()) perform(outputs[i]);
  }
  return false;
}

void CoordinatorHost::mishap(Identity identity) {
  Faults& faults = context_.faults;
  if (faults.fires(Point::amnesia, identity) && identity.transaction >= 0) {
    const protocol::Gid& gid = gid_of(identity.transaction);
    context_.record(context_.history.life, Life{{}, Life::What::forgot, run_, identity.transaction});
    context_.after(context_.pick(Point::latency, identity, 0, 2), identity,
                   [this, &gid, life = life_] { deliver(node::Forgotten{gid}, of(gid, input_forgotten), life); });
  }
  if (faults.fires(Point::coordinator_pause, identity)) {
    paused_until_ = context_.now() + context_.pick(Point::choice, identity, 10, 2000);
    context_.record(context_.history.life, Life{{}, Life::What::paused, run_, -1});
    context_.after(paused_until_ - context_.now(), process, [this] { release_held(); });
  }
  if (!is_draining_ && faults.fires(Point::coordinator_drain, identity)) {
    is_draining_ = true;
    context_.record(context_.history.life, Life{{}, Life::What::draining, run_, -1});
    context_.after(context_.pick(Point::choice, identity, 20, 500), process, [this, life = life_] {
      // The grace is over.
      if (life == life_ && node_) crash();
    });
    take(node::DrainBegun{}, {.operation = input_drain});
  }
}

void CoordinatorHost::schedule_wakeup() {
  const auto next = node_->next_wakeup();
  if (!next || (wakeup_ && *wakeup_ <= *next - clock_ahead_)) return;
  wakeup_ = std::max(*next - clock_ahead_, context_.now());
  context_.queue.after(*wakeup_ - context_.now(), process, [this, life = life_, at = *wakeup_] {
    if (life != life_ || !node_ || wakeup_ != at) return;
    wakeup_.reset();
    if (paused_until_ <= context_.now()) return take(node::Woken{}, woken);
    wakeup_ = paused_until_;
    context_.queue.after(paused_until_ - context_.now(), process, [this, life] {
      if (life != life_ || !node_) return;
      wakeup_.reset();
      take(node::Woken{}, woken);
    });
  });
}

void CoordinatorHost::crash(bool keeps_writes) {
  context_.record(context_.history.life, Life{{}, Life::What::crashed, run_, -1});
  if (recovering_) ++context_.history.noticed.crashes_in_recovery;
  node_.reset();
  ++life_;
  waiting_.clear();
  store_.crash(keeps_writes);
  restart_later();
}

void CoordinatorHost::stop() {
  context_.record(context_.history.life, Life{{}, Life::What::stopped, run_, -1});
  node_.reset();
  ++life_;
  waiting_.clear();
  store_.crash(false);
  restart_later();
}

void CoordinatorHost::restart_later() {
  const Duration delay = context_.faults.is_calm() ? Duration(1) : context_.pick(Point::restart_delay, process, 1, 400);
  context_.after(delay, process, [this, life = life_] {
    if (life == life_) start();
  });
}

void CoordinatorHost::calm_down() {
  paused_until_ = std::min(paused_until_, context_.now());
  release_held();
  if (!node_) restart_later();
}

void CoordinatorHost::perform(node::Output& output) {
  std::visit([this](auto& each) { perform_each(each); }, output);
}

void CoordinatorHost::perform_each(node::WriteWanted& wanted) {
  auto copy = std::make_shared<core::Transaction>(*wanted.transaction);
  copy->run = run_;
  const std::shared_ptr<const core::Transaction> value = std::move(copy);
  const std::uint64_t life = life_;
  if (answers_before_durable(*value, wanted)) {
    store_.write(value, wanted.due_at, wanted.is_new_work, [](store::WriteAnswer) {});
    context_.after(Duration(0), {.transaction = ordinal_of(value->gid().text())}, [this, value, life] {
      deliver(node::WriteAnswered{value->gid(), {}}, of(value->gid(), input_written, value->revision), life);
    });
    return;
  }
  store_.write(value, wanted.due_at, wanted.is_new_work,
               [this, value, life](store::WriteAnswer answer) { after_write(*value, answer, life); });
}

void CoordinatorHost::after_write(const core::Transaction& value, store::WriteAnswer answer, std::uint64_t life) {
  const protocol::Gid& gid = gid_of(ordinal_of(value.gid().text()));
  const bool ended = answer == store::WriteAnswer::ok && value.is_terminal();
  if (answer != store::WriteAnswer::ok && life == life_)
    context_.record(context_.history.life, Life{{}, Life::What::unwritten, run_, ordinal_of(gid.text())});
  deliver(node::WriteAnswered{gid, {answer, 0, {}}}, of(gid, input_written, value.revision), life);
  if (!ended) return;
  if (context_.bug == Bug::calls_after_the_end && life == life_) {
    if (const auto call = last_calls_.find(ordinal_of(gid.text())); call != last_calls_.end()) perform_each(call->second);
  }
  if (context_.bug == Bug::never_rests) {
    const auto again = std::make_shared<std::function<void()>>();
    *again = [this, weak = std::weak_ptr(again)] {
      const auto self = weak.lock();
      context_.after(Duration(400), process, [self] { (*self)(); });
    };
    (*again)();
  }
}

void CoordinatorHost::perform_each(const node::LoadWanted& wanted) {
  const protocol::Gid& gid = gid_of(ordinal_of(wanted.gid.text()));
  store_.load(gid, [this, &gid, life = life_](Result<store::Found> found) {
    if (found && found->transaction) tamper(*found->transaction);
    deliver(node::Loaded{gid, std::move(found)}, of(gid, input_loaded), life);
  });
}

void CoordinatorHost::perform_each(const node::DueWanted& wanted) {
  store_.load_due(wanted, [this, life = life_](Result<store::DuePage> page) {
    const bool first = node_ && life == life_ && !node_->is_recovered();
    if (page) {
      for (auto& [due, transaction] : page->transactions) {
        tamper(transaction);
        if (first) ++recovered_;
      }
    }
    if (first && page) context_.record(context_.history.life, Life{{}, Life::What::recovered, run_, -1});
    deliver(node::DueLoaded{std::move(page)}, page_of_due, life);
  });
}

void CoordinatorHost::perform_each(const node::CallWanted& wanted) {
  WireRequest request;
  request.service = service_of_url(wanted.url);
  request.transaction = ordinal_of(wanted.gid.text());
  request.operation = wanted.operation;
  request.phase = wanted.phase;
  request.attempt = wanted.attempt;
  std::string key = wanted.gid.text();
  std::string payload;
  if (wanted.branch) {
    request.branch = ordinal_of(wanted.branch->id.text());
    key.append("/").append(wanted.branch->id.text());
    payload = wanted.branch->payload.value_or("");
  }
  key.append("/").append(protocol::to_string(wanted.operation));
  if (context_.bug == Bug::changes_payload && run_ > 1) payload += " ";
  request.fingerprint = fingerprint_of(wanted.url, key, payload);
  if (context_.bug == Bug::calls_after_the_end) last_calls_[request.transaction] = wanted;
  call_planted(wanted, request);
  const Identity identity = request.identity();
  network_.call(run_, request, wanted.timeout,
                [this, call = wanted.call, role = wanted.role, identity, life = life_](core::Outcome outcome) {
                  tamper(outcome, role, identity);
                  if (context_.bug == Bug::leaks_calls && call % 20 == 0) return;
                  Identity ended = identity;
                  ended.operation += input_ended;
                  deliver(node::CallEnded{call, std::move(outcome), fraction(context_.faults.draw(Point::jitter, identity))}, ended, life);
                });
}

void CoordinatorHost::perform_each(node::Answered& answered) {
  const auto found = std::ranges::find(waiting_, answered.token, &Waiting::token);
  // Its caller belongs to an earlier life.
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(*found);
  waiting_.erase(found);
  tamper(answered.answer, waiting.what, waiting.transaction);
  Told told;
  told.token = answered.token;
  told.transaction = waiting.transaction;
  told.what = waiting.what;
  told.problem = answered.answer.problem;
  told.created = answered.answer.created;
  told.value = answered.answer.transaction;
  context_.record(context_.history.told, std::move(told));
  waiting.reply(std::move(answered.answer));
}

}  // namespace escrow::sim
