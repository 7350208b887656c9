#include "tests/fault-injection/sim/network.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "coordinator/engine/driver/answer_class.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::sim {

std::uint64_t fingerprint_of(std::string_view url, std::string_view key, std::string_view payload) {
  std::uint64_t hash = 0;
  for (std::string_view text : {url, key, payload}) {
    hash = mixed(hash, text.size());
    // Word by word: a call's fingerprint is taken in every attempt.
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), sizeof(std::uint64_t)))) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), std::min(text.size(), sizeof(word)));
      hash = mixed(hash ^ word);
    }
  }
  return hash;
}

core::Outcome classify(const WireAnswer& answer, Bug bug) {
  using Class = core::Outcome::Class;
  core::Outcome outcome;
  outcome.status = answer.status;
  outcome.retry_after = answer.retry_after;
  outcome.detail = answer.status == 0 ? "no answer" : std::to_string(answer.status) + " from participant";
  outcome.outcome = engine::driver::class_of(answer.status, answer.retry_after.has_value());
  if (outcome.outcome == Class::succeeded) {
    if (answer.foreign && bug != Bug::garbled_is_success) outcome.outcome = Class::unknown;
    if (outcome.outcome == Class::succeeded) outcome.output = answer.output;
  }
  return outcome;
}

Network::Network(Context& context, std::vector<std::unique_ptr<Participant>>& participants)
    : context_(context), participants_(participants) {
  for (int service = 0; service < static_cast<int>(participants.size()); ++service) {
    for (const Point point : {Point::service_down, Point::service_silent, Point::service_deaf}) {
      const Identity identity{.operation = of_process, .place = service};
      if (!context.faults.fires(point, identity)) continue;
      Outage outage;
      outage.service = service;
      outage.from = context.now() + context.pick(Point::choice, identity, 0, 2000);
      outage.to = outage.from + context.pick(Point::choice, identity, 50, 3000);
      if (context.is_ordinary) {
        // From before the first call on; and a second time the same means until calm.
        outage.from = context.now();
        outage.to = outage.from + Duration(context.faults.fires(point, identity) ? 1'000'000 : 1'500);
      }
      outage.is_silent = point == Point::service_silent;
      outage.one_way = point == Point::service_deaf;
      outages_.push_back(outage);
    }
  }
}

const Network::Outage* Network::outage(int service) const {
  if (context_.faults.is_calm()) return nullptr;
  for (const Outage& outage : outages_) {
    if (outage.service == service && outage.from <= context_.now() && context_.now() < outage.to) return &outage;
  }
  return nullptr;
}

void Network::deliver(Duration delay, const WireRequest& request, Reply reply) {
  context_.after(delay, request.identity(),
                 [this, request, reply] { participants_.at(static_cast<std::size_t>(request.service))->receive(request, reply); });
}

void Network::finish(std::uint64_t call, const WireAnswer& answer) {
  Open& waiting = open(call);
  if (std::exchange(waiting.is_over, true)) {
    // The time-out of a call that was answered is no answer.
    if (answer.status != 0) ++context_.history.noticed.late_answers;
    return;
  }
  auto outcome = classify(answer, context_.bug);
  Ended ended;
  ended.call = call;
  ended.transaction = waiting.identity.transaction;
  ended.outcome = outcome.outcome;
  ended.status = outcome.status;
  ended.retry_after = outcome.retry_after;
  context_.record(context_.history.ended, ended);
  waiting.done(std::move(outcome));
}

void Network::finish_after(Duration delay, std::uint64_t call, WireAnswer answer) {
  context_.after(delay, open(call).identity, [this, call, answer = std::move(answer)] { finish(call, answer); });
}

void Network::answered(std::uint64_t call, WireAnswer answer) {
  const Identity identity = open(call).identity;
  if (open(call).is_deaf || context_.faults.fires(Point::answer_lost, identity)) return;
  if (context_.faults.fires(Point::proxy_after, identity)) answer = {504, std::nullopt, false, nullptr};
  if (context_.faults.fires(Point::garbled_answer, identity)) answer = {200, std::nullopt, true, nullptr};
  finish_after(context_.pick(Point::latency, identity, 0, 4), call, std::move(answer));
}

void Network::call(std::int64_t run, const WireRequest& request, Duration timeout, Once<core::Outcome> done) {
  Faults& faults = context_.faults;
  const Identity identity = request.identity();
  calls_.push_back({identity, false, false, std::move(done)});
  const std::uint64_t call = calls_.size();
  Sent sent;
  sent.call = call;
  sent.run = run;
  sent.transaction = identity.transaction;
  sent.branch = identity.branch;
  sent.operation = request.operation;
  sent.phase = request.phase;
  sent.attempt = request.attempt;
  sent.fingerprint = request.fingerprint;
  context_.record(context_.history.sent, sent);
  context_.after(timeout, identity, [this, call] { finish(call, {}); });

  const Outage* down = outage(request.service);
  if (down != nullptr && !down->one_way) {
    if (!down->is_silent) finish_after(Duration(1), call, {});
    return;
  }
  if (faults.fires(Point::request_reset, identity)) return finish_after(context_.pick(Point::latency, identity, 0, 5), call, {});
  // Nothing at all until the time is up.
  if (faults.fires(Point::request_lost, identity)) return;
  if (faults.fires(Point::proxy_before, identity)) {
    finish_after(context_.pick(Point::latency, identity, 0, 5), call, {502, std::nullopt, false, nullptr});
    return;
  }
  Duration delay = context_.pick(Point::latency, identity, 0, 4);
  if (faults.fires(Point::slow_link, identity)) delay = context_.pick(Point::latency, identity, 5, 150);
  if (faults.fires(Point::delivered_late, identity)) delay = timeout + context_.pick(Point::latency, identity, 0, 800);
  if (faults.fires(Point::duplicated_now, identity)) deliver(delay + context_.pick(Point::latency, identity, 0, 5), request, {});
  if (faults.fires(Point::duplicated_late, identity)) deliver(delay + context_.pick(Point::latency, identity, 50, 8000), request, {});
  open(call).is_deaf = down != nullptr;
  deliver(delay, request, {this, call});
}

}  // namespace escrow::sim
