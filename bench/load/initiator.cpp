#include "bench/load/initiator.hpp"

#include <utility>

namespace escrow::bench {
namespace {

/// Steps before the decision of an interactive TCC: the start, and for each branch a registration (unless given in the start) and a try.
int steps_before_decision(const Options& options) {
  return options.scenario == Scenario::tcc ? 1 + 2 * options.branches : 1 + options.branches;
}

}  // namespace

Initiator::Initiator(Poller& poller, const Options& options, const Requests& requests, Listener& listener)
    : options_(options),
      requests_(requests),
      listener_(listener),
      coordinator_(poller, options.coordinator, [this](const Message* message) { answered(message); }) {
  for (const Address& address : options.participants) {
    participants_.push_back(std::make_unique<Exchange>(poller, address, [this](const Message* message) { answered(message); }));
  }
}

void Initiator::start(std::string gid, bool aborts, Clock::time_point since) {
  gid_ = std::move(gid);
  aborts_ = aborts;
  since_ = since;
  begun_ = Clock::now();
  step_ = 0;
  coordinator_.send(requests_.start(gid_, aborts && options_.scenario != Scenario::tcc_together));
}

void Initiator::answered(const Message* message) {
  const int status = message == nullptr ? 0 : message->status();
  if (status == 503 || status == 429) return finish(Ending::refused);
  // 409: dtm's answer for a waited transaction that was rolled back.
  const bool is_answer = status == 200 || status == 201 || (status == 409 && options_.dialect == Dialect::dtm);
  if (!is_answer) return finish(Ending::wrong);
  ++step_;
  switch (options_.scenario) {
    case Scenario::start:
    case Scenario::start_tcc:
    case Scenario::saga_async: return finish(Ending::started);
    case Scenario::saga:
    case Scenario::tcc_driven:
    case Scenario::message: return finish(requests_.ending(*message));
    case Scenario::tcc:
    case Scenario::tcc_together:
      if (step_ > steps_before_decision(options_)) return finish(requests_.ending(*message));
      return next();
  }
}

void Initiator::next() {
  if (step_ == steps_before_decision(options_)) return coordinator_.send(requests_.decide(gid_, !aborts_));
  const bool together = options_.scenario == Scenario::tcc_together;
  const int branch = together ? step_ - 1 : (step_ - 1) / 2;
  if (together || step_ % 2 == 0) {
    participants_[static_cast<std::size_t>(branch) % participants_.size()]->send(requests_.try_call(gid_, branch));
  } else {
    coordinator_.send(requests_.registration(gid_, branch));
  }
}

}  // namespace escrow::bench
