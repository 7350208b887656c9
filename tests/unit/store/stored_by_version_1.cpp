#include "stored_by_version_1.hpp"

#include <memory>

namespace escrow::testing {

using core::Operation;
using protocol::Kind;
using protocol::Mode;
using protocol::OperationState;
using protocol::Status;

namespace {

Kind kind_of(Mode mode) {
  switch (mode) {
    case Mode::saga: return Kind::saga;
    case Mode::tcc: return Kind::tcc;
    case Mode::message: return Kind::message;
    case Mode::mixed: return Kind::saga;
  }
  return Kind::saga;
}

Operation operation(OperationState state) {
  Operation made;
  made.state = state;
  made.attempts = 7;
  made.counted_attempts = 2;
  made.fruitless = 3;
  made.equal_failures = 1;
  made.maybe_done = true;
  made.next_attempt_at = core::from_ms(1'767'607'201'000);
  made.attention_at = core::from_ms(1'767'607'202'000);
  made.last_error = "503 from participant \"ä\"";
  made.attention = core::Attention{core::from_ms(1'767'607'203'000), "no success after 10 calls"};
  return made;
}

protocol::BranchRequest branch(Mode mode, const char* id, bool is_graph) {
  protocol::BranchRequest request;
  request.id = protocol::BranchId::parse(id).value();
  request.kind = kind_of(mode);
  if (request.kind != Kind::message) request.forward_url = std::string("http://127.0.0.1:8081/") + id;
  if (request.kind != Kind::saga) request.confirm_url = std::string("http://127.0.0.1:8081/confirm/") + id;
  if (request.kind != Kind::message) request.undo_url = std::string("http://127.0.0.1:8081/undo/") + id;
  request.payload = "{ \"price\": 1.00, \"big\": 123456789012345678901234567890 }";
  request.has_after = is_graph;
  if (is_graph && std::string(id) != "one") request.after = {protocol::BranchId::parse("one").value()};
  request.pivot = mode == Mode::mixed && std::string(id) == "two";
  request.retry = {.initial_ms = 150, .max_ms = 9'000, .multiplier = 1.7, .jitter = 0.35, .max_attempts = 4};
  request.request_timeout_ms = 1'234;
  request.headers = {{"X-Tenant", "cn-east"}};
  return request;
}

core::Transaction stored(Mode mode, Status status) {
  auto request = std::make_shared<protocol::StartRequest>();
  request->gid = protocol::Gid::parse(std::string(to_string(mode)) + "." + std::string(to_string(status))).value();
  request->mode = mode;
  request->name = "place-order";
  request->attributes = {{"customer", "c-42"}, {"shop", "Zürich \"1\""}};
  const bool is_graph = mode == Mode::mixed;
  request->order = is_graph ? protocol::Order::graph : mode == Mode::tcc ? protocol::Order::parallel : protocol::Order::sequential;
  request->interactive = mode == Mode::tcc || mode == Mode::message;
  request->timeout_ms = 45'000;
  request->headers = {{"Authorization", "Bearer x"}, {"X-Two", "1"}, {"X-Two", "2"}};
  if (mode == Mode::message) request->check = "http://127.0.0.1:8081/check";
  request->branches = {branch(mode, "one", is_graph), branch(mode, "two", is_graph)};

  core::Transaction transaction;
  transaction.request = request;
  transaction.order = request->order;
  transaction.status = status;
  transaction.started_at = core::from_ms(1'767'607'200'000);
  transaction.updated_at = core::from_ms(1'767'607'204'000);
  if (transaction.is_terminal()) transaction.finished_at = transaction.updated_at;
  if (mode != Mode::message) transaction.deadline_at = core::from_ms(1'767'607'245'000);
  if (status == Status::aborting || status == Status::aborted) {
    transaction.abort_reason = core::AbortReason{protocol::AbortCode::branch_failed, protocol::BranchId::parse("two"), "409: out of stock"};
  }
  transaction.pivot_reached = mode == Mode::mixed;
  if (request->check) transaction.check = operation(OperationState::backing_off);
  transaction.trace = {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=value"};
  transaction.revision = 1;
  for (const auto& asked : request->branches) {
    core::Branch added;
    added.request = std::shared_ptr<const protocol::BranchRequest>(request, &asked);
    if (!transaction.branches.empty() && mode != Mode::tcc) added.predecessors = {0};
    added.registered_revision = 1;
    if (!asked.forward_url.empty()) added.forward = operation(OperationState::succeeded);
    if (!asked.confirm_url.empty()) added.confirm = operation(OperationState::waiting);
    if (!asked.undo_url.empty()) added.undo = operation(OperationState::backing_off);
    auto& first = added.forward ? added.forward : added.confirm;
    first->output = std::make_shared<const std::string>("{\"reservation\": 12.50}");
    first->output_revision = 1;
    first->finished_at = core::from_ms(1'767'607'203'500);
    transaction.branches.push_back(std::move(added));
  }
  return transaction;
}

}  // namespace

std::vector<core::Transaction> stored_by_version_1() {
  std::vector<core::Transaction> all;
  for (const Mode mode : {Mode::saga, Mode::tcc, Mode::message, Mode::mixed}) {
    for (const Status status : {Status::active, Status::committing, Status::aborting, Status::committed, Status::aborted}) {
      all.push_back(stored(mode, status));
      all.back().run = 1;
    }
  }
  return all;
}

}  // namespace escrow::testing
