#include "tests/unit/node/harness.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "coordinator/core/decide.hpp"
#include "coordinator/core/turn.hpp"

namespace escrow::tests {

using protocol::Role;
using protocol::Status;

namespace {

std::string name_of(const node::CallWanted& call) {
  const std::string branch = call.branch ? call.branch->id.text() : "";
  return call.gid.text() + "/" + branch + "/" + std::string(to_string(call.operation));
}

bool is_commit(Status status) { return status == Status::committing || status == Status::committed; }

/// Whether the log, as a crash now would find it, owes this call.
bool is_owed(const core::Transaction& durable, const node::CallWanted& call) {
  core::Transaction copy = durable;
  if (call.role == Role::undo) return copy.status == Status::aborting;
  (void)core::decide(copy, core::Adopted{}, core::Time{});
  for (const auto ref : core::turns(copy)) {
    if (ref.role != call.role) continue;
    if (call.role == Role::check) return true;
    if (copy.branches[ref.branch].request->id != call.branch->id) continue;
    const bool is_pivot = call.role == Role::forward && call.branch->pivot;
    return !is_pivot || copy.pivot_reached || copy.status == Status::committing;
  }
  return false;
}

}  // namespace

Harness::Harness(node::Settings settings) : settings_(settings), node_(std::make_unique<node::Node>(settings, log.run, 0)) {}

void Harness::step(node::Input input) {
  std::vector<node::Output> outputs;
  node_->step(now, std::move(input), outputs);
  outputs_seen += outputs.size();
  for (auto& output : outputs) std::visit([this](auto& wanted) { take(wanted); }, output);
}

std::uint64_t Harness::start(const Draft& draft, core::Duration wait) {
  const auto request = draft.request();
  return ask(request->gid.text(), node::Start{request, {}}, wait);
}

std::uint64_t Harness::look(std::string_view gid, core::Duration wait) { return ask(gid, node::Look{}, wait); }

void Harness::take(node::WriteWanted& wanted) {
  const auto& transaction = *wanted.transaction;
  INFO("two writes or reads of " << transaction.gid().text());
  REQUIRE(busy_.insert(transaction.gid().text()).second);
  ++writes_seen;
  writes.push_back({transaction, wanted.due_at, std::move(wanted.history), wanted.is_new_work});
  REQUIRE(wanted.is_new_work == (transaction.revision == 1));
}

void Harness::take(node::LoadWanted& wanted) {
  INFO("two writes or reads of " << wanted.gid.text());
  REQUIRE(busy_.insert(wanted.gid.text()).second);
  loads.push_back(wanted.gid);
}

void Harness::take(node::DueWanted& wanted) {
  REQUIRE(dues.empty());
  dues.push_back(wanted);
}

void Harness::take(node::CallWanted& wanted) {
  const std::string name = name_of(wanted);
  INFO("call of " << name);
  const auto* durable = log.find(wanted.gid);
  REQUIRE(durable != nullptr);
  REQUIRE(is_owed(*durable, wanted));
  REQUIRE(open_calls_.insert(name).second);
  called.push_back(name);
  calls.push_back(std::move(wanted));
}

void Harness::take(node::Answered& answered) {
  INFO("answer " << answered.token);
  REQUIRE(open_tokens_.erase(answered.token) == 1);
  if (answered.answer.transaction) check_told(answered.answer.transaction->gid(), answered.answer);
  answers.emplace(answered.token, std::move(answered.answer));
}

void Harness::check_told(const protocol::Gid& gid, const node::Answer& answer) {
  const auto* durable = log.find(gid);
  REQUIRE(durable != nullptr);
  const Status told = answer.transaction->status;
  INFO(gid.text() << " is told to be " << to_string(told) << ", the log has " << to_string(durable->status));
  REQUIRE(answer.transaction->revision <= durable->revision);
  REQUIRE(answer.transaction->branches.size() <= durable->branches.size());
  if (told == Status::active) {
    REQUIRE_FALSE(told_.contains(gid.text()));
    return;
  }
  REQUIRE(durable->status != Status::active);
  REQUIRE(is_commit(durable->status) == is_commit(told));
  if (protocol::is_terminal(told)) REQUIRE(durable->status == told);
  const auto [before, is_first] = told_.emplace(gid.text(), told);
  if (is_first) return;
  REQUIRE(is_commit(before->second) == is_commit(told));
  if (protocol::is_terminal(before->second)) REQUIRE(told == before->second);
  before->second = told;
}

void Harness::answer_write(WriteFate fate) {
  REQUIRE_FALSE(writes.empty());
  const WantedWrite write = std::move(writes.front());
  writes.pop_front();
  const auto gid = write.transaction.gid();
  busy_.erase(gid.text());
  store::WriteResult result;
  switch (fate) {
    case WriteFate::ok: result.answer = log.apply(write); break;
    case WriteFate::unavailable: result.answer = store::WriteAnswer::unavailable; break;
    case WriteFate::unknown_durable:
      (void)log.apply(write);
      result.answer = store::WriteAnswer::unknown;
      break;
    case WriteFate::unknown_lost: result.answer = store::WriteAnswer::unknown; break;
    case WriteFate::conflict: result.answer = store::WriteAnswer::conflict; break;
  }
  step(node::WriteAnswered{gid, result});
}

void Harness::answer_load() {
  REQUIRE_FALSE(loads.empty());
  const auto gid = loads.front();
  loads.pop_front();
  busy_.erase(gid.text());
  if (readable) {
    step(node::Loaded{gid, log.load(gid)});
  } else {
    step(node::Loaded{gid, Error{std::make_error_code(std::errc::io_error), "can't be read"}});
  }
}

void Harness::answer_due() {
  REQUIRE_FALSE(dues.empty());
  const auto wanted = dues.front();
  dues.pop_front();
  if (readable) {
    step(node::DueLoaded{log.due(wanted)});
  } else {
    step(node::DueLoaded{Error{std::make_error_code(std::errc::io_error), "can't be read"}});
  }
}

void Harness::answer_call(const core::Outcome& outcome, std::string_view operation) {
  auto found = calls.begin();
  if (!operation.empty()) {
    found = std::ranges::find_if(calls, [&](const auto& call) {
      return (call.branch ? call.branch->id.text() + "." : std::string()) + std::string(to_string(call.operation)) == operation;
    });
  }
  INFO(operation);
  REQUIRE(found != calls.end());
  const auto call = std::move(*found);
  calls.erase(found);
  open_calls_.erase(name_of(call));
  step(node::CallEnded{call.call, outcome, 0});
}

bool Harness::answer_something() {
  if (!dues.empty()) {
    answer_due();
  } else if (!loads.empty()) {
    answer_load();
  } else if (!writes.empty()) {
    answer_write(write_fate(writes_seen - writes.size()));
  } else if (!calls.empty()) {
    const auto call = calls.front();
    answer_call(serve(calls_served_++, call));
  } else {
    return false;
  }
  return true;
}

void Harness::settle() {
  for (int i = 0; i < 100'000; ++i) {
    if (!answer_something()) return;
    between(answers_given_++);
  }
  FAIL("the node never comes to rest");
}

void Harness::run_for(core::Duration time) {
  const auto end = now + time;
  settle();
  for (int i = 0; i < 100'000; ++i) {
    const auto wakeup = node_->next_wakeup();
    if (!wakeup || *wakeup > end) {
      now = end;
      step(node::Woken{});
      settle();
      return;
    }
    INFO("woken at a time that has passed");
    const bool advances = *wakeup > now;
    now = std::max(now, *wakeup);
    step(node::Woken{});
    settle();
    const auto next = node_->next_wakeup();
    // A wakeup that leads to the same wakeup is a tight loop.
    REQUIRE((advances || !next || *next > now));
  }
  FAIL("the node wakes without end");
}

void Harness::wake_for(core::Duration time) {
  const auto end = now + time;
  for (int i = 0; i < 100'000; ++i) {
    const auto wakeup = node_->next_wakeup();
    if (!wakeup || *wakeup > end) {
      now = end;
      step(node::Woken{});
      return;
    }
    now = std::max(now, *wakeup);
    step(node::Woken{});
    const auto next = node_->next_wakeup();
    INFO("woken at " << core::to_ms(now));
    REQUIRE((!next || *next > now));
  }
  FAIL("the node wakes without end");
}

void Harness::crash() {
  writes.clear();
  loads.clear();
  dues.clear();
  calls.clear();
  open_tokens_.clear();
  busy_.clear();
  open_calls_.clear();
  node_ = std::make_unique<node::Node>(settings_, ++log.run, log.unfinished());
  step(node::Woken{});
}

std::string Harness::durable_status(std::string_view gid) const {
  const auto* transaction = durable(gid);
  return transaction == nullptr ? "" : std::string(to_string(transaction->status));
}

std::string Harness::answer(std::uint64_t token) const {
  const auto found = answers.find(token);
  if (found == answers.end()) return "";
  const auto& answer = found->second;
  if (answer.problem) return std::string(to_string(*answer.problem));
  const std::string status = answer.transaction ? std::string(to_string(answer.transaction->status)) : "";
  return answer.created ? "created " + status : status;
}

std::size_t Harness::times_called(std::string_view name) const { return static_cast<std::size_t>(std::ranges::count(called, name)); }

}  // namespace escrow::tests
