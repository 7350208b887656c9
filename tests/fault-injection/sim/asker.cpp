#include <algorithm>
#include <utility>
#include <vector>

#include "tests/fault-injection/sim/client.hpp"

namespace escrow::sim {
namespace {

using engine::node::Answer;
using protocol::ProblemCode;

/// Worth asking again: nothing was recorded, or a repeat finds it.
bool is_passing(const Answer& answer) {
  return answer.problem == ProblemCode::store_unavailable || answer.problem == ProblemCode::overloaded ||
         answer.problem == ProblemCode::draining || answer.problem == ProblemCode::internal;
}

constexpr int patience = 40;

std::uint64_t content_of(const Asker::Body& body) {
  if (const auto* start = std::get_if<engine::node::Start>(&body)) return sim::content_of(*start->request);
  const auto* registered = std::get_if<core::BranchesRegistered>(&body);
  if (registered == nullptr) return 0;
  std::vector<std::uint64_t> contents;
  BranchSet branches;
  for (const auto& branch : registered->branches) {
    const int number = ordinal_of(branch->id.text());
    branches.insert(number);
    contents.resize(std::max(contents.size(), static_cast<std::size_t>(number) + 1));
    contents[static_cast<std::size_t>(number)] = sim::content_of(*branch);
  }
  return sim::content_of(branches, contents);
}

}  // namespace

struct Asker::Question {
  Ask what = Ask::look;
  Body body;
  Duration wait{0};
  Then then;
  BranchSet branches;
  protocol::OperationName operation = protocol::OperationName::check;
  int number = 0;
  int attempt = 0;
  bool is_over = false;

  [[nodiscard]] Identity identity(int transaction) const { return {transaction, number, of_ask + static_cast<int>(what), attempt}; }
};

void Asker::ask(Ask what, Body body, Duration wait, Then then, BranchSet branches, protocol::OperationName operation) {
  auto question = std::make_shared<Question>();
  question->what = what;
  question->body = std::move(body);
  question->wait = wait;
  question->then = std::move(then);
  question->branches = branches;
  question->operation = operation;
  question->number = ++last_question_;
  send(question);
}

void Asker::send(const std::shared_ptr<Question>& question) {
  Context& context = around_.context;
  if (++question->attempt > patience) return finish(question, nullptr);
  const Identity identity = question->identity(transaction_);
  const int attempt = question->attempt;
  if (!context.faults.fires(Point::api_request_lost, identity)) {
    deliver(question, context.pick(Point::latency, identity, 0, 5), false);
    if (context.faults.fires(Point::api_duplicated, identity)) deliver(question, context.pick(Point::latency, identity, 0, 20), true);
    if (context.faults.fires(Point::api_duplicated_late, identity))
      deliver(question, context.pick(Point::latency, identity, 100, 4000), true);
  }
  context.after(question->wait + context.pick(Point::latency, identity, 80, 250), identity, [this, question, attempt] {
    // No answer to this attempt: the next one has the same gid and content.
    if (!question->is_over && question->attempt == attempt) send(question);
  });
}

void Asker::deliver(const std::shared_ptr<Question>& question, Duration delay, bool is_copy) {
  Context& context = around_.context;
  const Identity identity = question->identity(transaction_);
  context.after(delay, identity, [this, question, identity, is_copy] {
    Context& here = around_.context;
    Asked asked;
    asked.transaction = transaction_;
    asked.what = question->what;
    asked.branches = question->branches;
    asked.operation = question->operation;
    asked.content = content_of(question->body);
    here.record(here.history.asked, asked);
    const std::uint64_t token = here.history.asked.size();
    here.history.asked.back().token = token;
    engine::node::Request request;
    request.token = token;
    request.gid = gid();
    request.body = question->body;
    if (question->wait > Duration(0)) request.wait_until = here.now() + question->wait;
    const bool taken = around_.coordinator.receive(std::move(request), question->what, [this, question, identity, is_copy](Answer answer) {
      Context& there = around_.context;
      if (is_copy || there.faults.fires(Point::api_answer_lost, identity)) return;
      there.after(there.pick(Point::latency, identity, 0, 5), identity, [this, question, answer = std::move(answer)] {
        if (question->is_over) return;
        if (is_passing(answer)) return again(question, Duration(20));
        finish(question, &answer);
      });
    });
    here.history.asked[token - 1].taken = taken;
    if (!taken && !is_copy && !question->is_over) again(question, Duration(30));
  });
}

void Asker::again(const std::shared_ptr<Question>& question, Duration pause) {
  const Identity identity = question->identity(transaction_);
  const int attempt = question->attempt;
  around_.context.after(pause, identity, [this, question, attempt] {
    if (!question->is_over && question->attempt == attempt) send(question);
  });
}

void Asker::finish(const std::shared_ptr<Question>& question, const Answer* answer) {
  question->is_over = true;
  if (question->then) question->then(answer);
}

}  // namespace escrow::sim
