#include "client-sdk/src/testing/fake_driver.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include "client-sdk/src/http/blocking.hpp"
#include "protocol/headers.hpp"
#include "protocol/json_reader.hpp"

namespace escrow::testing {
namespace {

using protocol::OperationState;
using protocol::Phase;
using protocol::Role;
using protocol::Status;

/// Calls without success before it is left with attention; a fake has no time for back-off.
constexpr int few = 3;

/// Not counted where they are no failure (202, 425, 429, 503 with Retry-After), but not for ever.
constexpr int many = 50;

bool is_postponed(const http::Answer& answer) {
  return answer.status == 202 || answer.status == 425 || answer.status == 429 || (answer.status == 503 && answer.header("Retry-After"));
}

}  // namespace

std::vector<std::size_t> FakeDriver::forward_order() const {
  std::vector<std::size_t> order;
  std::set<protocol::BranchId> placed;
  const auto& branches = transaction_.branches;
  // A round places every branch whose predecessors are placed; the request was checked to have no cycle.
  while (order.size() < branches.size()) {
    const auto before = order.size();
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const auto& request = branches[i].request;
      if (placed.contains(request.id)) continue;
      if (!std::ranges::all_of(request.after, [&placed](const auto& id) { return placed.contains(id); })) continue;
      placed.insert(request.id);
      order.push_back(i);
    }
    if (order.size() == before) break;
  }
  return order;
}

FakeDriver::Meaning FakeDriver::call(const std::string& branch, const FakeBranch* of, FakeOperation& operation, Phase phase) {
  http::Request request;
  request.url = operation.url;
  const auto set = [&request](std::string_view name, std::string_view value) {
    request.headers.emplace_back(std::string(name), std::string(value));
  };
  for (const auto& header : transaction_.request.headers) set(header.name, header.value);
  if (of != nullptr) {
    for (const auto& header : of->request.headers) set(header.name, header.value);
  }
  const std::string& gid = transaction_.request.gid.text();
  set(protocol::header_gid, gid);
  if (!branch.empty()) set(protocol::header_branch, branch);
  set(protocol::header_operation, protocol::to_string(operation.name));
  set(protocol::header_phase, protocol::to_string(phase));
  set(protocol::header_attempt, std::to_string(++operation.attempts));
  set(protocol::header_idempotency_key, protocol::idempotency_key(gid, branch, operation.name));
  if (of != nullptr && of->request.payload) {
    set("Content-Type", "application/json");
    request.body = *of->request.payload;
  }
  const auto timeout_ms = of != nullptr ? of->request.request_timeout_ms : transaction_.request.request_timeout_ms;
  signer_.sign(request);
  request.deadline = http::Clock::now() + std::chrono::milliseconds(timeout_ms);

  const auto answer = http::exchange_blocking(client_, std::move(request));
  told_(branch, operation, answer ? answer->status : 0);
  if (!answer) {
    operation.last_error = answer.error().detail;
    return Meaning::unknown;
  }
  if (answer->status / 100 == 2 && answer->status != 202) {
    operation.state = OperationState::succeeded;
    operation.attention = false;
    if (protocol::is_valid_json(answer->body)) operation.output = answer->body;
    return Meaning::succeeded;
  }
  operation.last_error = std::to_string(answer->status) + " from participant";
  operation.state = OperationState::backing_off;
  if (answer->status == 409 || answer->status == 422) return Meaning::refused;
  // A postponed call is one more attempt that the limit below does not see.
  if (is_postponed(answer.value()) && operation.attempts < many) return call(branch, of, operation, phase);
  return Meaning::unknown;
}

bool FakeDriver::insist(const std::string& branch, const FakeBranch* of, FakeOperation& operation) {
  if (protocol::is_settled(operation.state)) return true;
  for (int i = 0; i < few; ++i) {
    const Meaning meaning = call(branch, of, operation, Phase::final);
    if (meaning == Meaning::succeeded) return true;
    if (meaning == Meaning::refused) break;
  }
  operation.attention = true;
  return false;
}

/// Whether the next branch's turn has come.
bool FakeDriver::forward_one(FakeBranch& branch, bool behind_pivot) {
  FakeOperation& operation = branch.operations.at(Role::forward);
  if (protocol::is_settled(operation.state)) return true;
  const std::string& id = branch.request.id.text();
  if (behind_pivot) return insist(id, &branch, operation);

  const bool is_pivot = branch.request.pivot;
  const auto limit = is_pivot || branch.request.retry.max_attempts == 0 ? few : branch.request.retry.max_attempts;
  for (std::int64_t unclear = 0; unclear < limit;) {
    switch (call(id, &branch, operation, Phase::forward)) {
      case Meaning::succeeded:
        branch.may_have_acted = true;
        if (is_pivot) transaction_.status = Status::committing;
        return true;
      case Meaning::refused:
        operation.state = OperationState::failed;
        transaction_.abort(protocol::AbortCode::branch_failed, id, *operation.last_error);
        return false;
      case Meaning::unknown:
        branch.may_have_acted = true;
        ++unclear;
        break;
    }
  }
  if (is_pivot || branch.request.retry.max_attempts == 0) {
    operation.attention = true;
    return false;
  }
  operation.state = OperationState::unknown;
  transaction_.abort(protocol::AbortCode::attempts_exhausted, id, *operation.last_error);
  return false;
}

void FakeDriver::forward() {
  for (const std::size_t index : forward_order()) {
    FakeBranch& branch = transaction_.branches[index];
    if (!branch.operations.contains(Role::forward)) continue;
    if (!forward_one(branch, transaction_.status == Status::committing)) return;
  }
  if (transaction_.status == Status::active) transaction_.status = Status::committing;
}

void FakeDriver::commit() {
  bool done = true;
  for (FakeBranch& branch : transaction_.branches) {
    const auto forward = branch.operations.find(Role::forward);
    if (forward != branch.operations.end() && transaction_.request.interactive) forward->second.state = OperationState::succeeded;
    if (forward != branch.operations.end() && !protocol::is_settled(forward->second.state)) done = false;
    const auto confirm = branch.operations.find(Role::confirm);
    if (confirm != branch.operations.end() && !insist(branch.request.id.text(), &branch, confirm->second)) done = false;
    const auto undo = branch.operations.find(Role::undo);
    if (undo != branch.operations.end()) undo->second.state = OperationState::skipped;
  }
  if (done) transaction_.status = Status::committed;
}

void FakeDriver::undo() {
  bool done = true;
  auto order = forward_order();
  std::ranges::reverse(order);
  for (const std::size_t index : order) {
    FakeBranch& branch = transaction_.branches[index];
    for (auto& [role, operation] : branch.operations) {
      if (role == Role::undo && branch.may_have_acted) continue;
      if (!protocol::is_settled(operation.state)) operation.state = OperationState::skipped;
    }
    const auto undoing = branch.operations.find(Role::undo);
    if (undoing == branch.operations.end() || protocol::is_settled(undoing->second.state)) continue;
    // What is stuck holds back what must be undone after it, unless they are unordered.
    if (!done && transaction_.request.order != protocol::Order::parallel) break;
    if (!insist(branch.request.id.text(), &branch, undoing->second)) done = false;
  }
  if (done) transaction_.status = Status::aborted;
}

void FakeDriver::drive(bool hold_second_phase) {
  // Behind a pivot there may be forward calls still owed.
  const bool owes_forward = transaction_.status == Status::active || (transaction_.status == Status::committing && !hold_second_phase);
  if (owes_forward && !transaction_.request.interactive) forward();
  if (hold_second_phase) return;
  if (transaction_.status == Status::committing) commit();
  if (transaction_.status == Status::aborting) undo();
}

void FakeDriver::ask_check() {
  if (transaction_.status != Status::active || !transaction_.request.check) return;
  transaction_.check.state = OperationState::waiting;
  switch (call({}, nullptr, transaction_.check, Phase::final)) {
    case Meaning::succeeded: transaction_.status = Status::committing; break;
    case Meaning::refused:
      transaction_.check.state = OperationState::failed;
      transaction_.abort(protocol::AbortCode::check_refused, {}, "the check answered no");
      break;
    case Meaning::unknown: break;
  }
}

}  // namespace escrow::testing
