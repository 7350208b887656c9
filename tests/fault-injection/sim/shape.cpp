#include "tests/fault-injection/sim/shape.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/assert.hpp"
#include "protocol/branch_order.hpp"
#include "protocol/registration.hpp"
#include "tests/fault-injection/sim/participant.hpp"

namespace escrow::sim {
namespace {

using protocol::BranchRequest;
using protocol::Kind;
using protocol::Mode;
using protocol::Order;
using protocol::Role;
using protocol::StartRequest;

constexpr std::uint64_t shape_purpose = 0x5a4e;
constexpr std::uint64_t movement_purpose = 0x307e;

protocol::RetryPolicy make_retry(Dice& dice) {
  protocol::RetryPolicy retry;
  retry.initial_ms = dice.between(1, 60);
  retry.max_ms = retry.initial_ms + dice.between(0, 500);
  retry.multiplier = dice.one_of(1.0, 1.5, 2.0, 3.0);
  retry.jitter = dice.one_of(0.0, 0.2, 1.0);
  retry.max_attempts = dice.one_of(0, 1, 2, 3, 5);
  return retry;
}

Kind kind_in(Mode mode, Dice& dice) {
  switch (mode) {
    case Mode::saga: return Kind::saga;
    case Mode::tcc: return Kind::tcc;
    case Mode::message: return Kind::message;
    case Mode::mixed: break;
  }
  return dice.one_of(Kind::saga, Kind::saga, Kind::tcc, Kind::message);
}

std::string url_for(int service, Kind kind, Role role) {
  const auto name = protocol::operation_name(kind, role);
  return name ? url_of_service(service, protocol::to_string(*name)) : std::string();
}

BranchRequest make_branch(const StartRequest& request, Dice dice, int transaction, int index) {
  BranchRequest branch;
  branch.id = *protocol::BranchId::parse("b" + std::to_string(index));
  branch.kind = kind_in(request.mode, dice);
  const int service = dice.below(services);
  if (!request.interactive) branch.forward_url = url_for(service, branch.kind, Role::forward);
  branch.confirm_url = url_for(service, branch.kind, Role::confirm);
  branch.undo_url = url_for(service, branch.kind, Role::undo);
  if (branch.kind == Kind::saga && dice.chance(0.12)) branch.undo_url.clear();
  if (dice.chance(0.9)) branch.payload = "{\"transaction\":" + std::to_string(transaction) + ",\"branch\":" + std::to_string(index) + "}";
  branch.retry = dice.chance(0.3) ? make_retry(dice) : request.retry;
  branch.request_timeout_ms = dice.chance(0.2) ? dice.between(10, 200) : request.request_timeout_ms;
  return branch;
}

void make_graph(std::vector<BranchRequest>& branches, bool interactive, Dice& dice) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    if (branches[i].kind == Kind::message) continue;
    for (std::size_t before = 0; before < i; ++before) {
      if (branches[before].kind != Kind::message && dice.chance(0.5)) branches[i].after.push_back(branches[before].id);
    }
    // Who registers branch by branch must say of each that it belongs to the graph.
    branches[i].has_after = interactive || i == 0 || !branches[i].after.empty();
  }
}

std::vector<const BranchRequest*> pointers(const std::vector<BranchRequest>& branches) {
  std::vector<const BranchRequest*> found;
  for (const BranchRequest& branch : branches) found.push_back(&branch);
  return found;
}

/// Sagas take and give back, messages bring, and a reservation may do either: so nothing that has to happen can ever fail for want.
Movement make_movement(Kind kind, Dice dice) {
  Movement movement;
  movement.account = dice.below(accounts);
  movement.amount = dice.between(1, 9);
  movement.arrives = kind == Kind::message || (kind == Kind::tcc && dice.chance(0.4));
  return movement;
}

/// One branch is made the point of no return where the order allows it.
void make_pivot(StartRequest& request, Dice& dice) {
  const auto index = static_cast<std::size_t>(dice.below(static_cast<int>(request.branches.size())));
  BranchRequest& branch = request.branches[index];
  if (branch.kind != Kind::saga) return;
  branch.pivot = true;
  if (dice.chance(0.5)) branch.undo_url.clear();
  const auto all = pointers(request.branches);
  if (!protocol::pivot_faults(all, request.order, "").empty()) branch.pivot = false;
}

}  // namespace

int service_of(const BranchRequest& branch, int home) {
  for (const std::string* url : {&branch.forward_url, &branch.confirm_url, &branch.undo_url}) {
    if (!url->empty()) return service_of_url(*url);
  }
  return home;
}

Shape make_shape(std::uint64_t seed, int transaction, int most_branches) {
  Dice dice(seed, shape_purpose, {.transaction = transaction});
  Shape shape;
  shape.transaction = transaction;
  shape.home = dice.below(services);
  auto request = std::make_shared<StartRequest>();
  request->gid = *protocol::Gid::parse("t" + std::to_string(transaction));
  request->mode = dice.one_of(Mode::saga, Mode::saga, Mode::tcc, Mode::tcc, Mode::message, Mode::mixed);
  const bool takes_orders = request->mode != Mode::message;
  request->interactive = dice.chance(request->mode == Mode::message ? 0.75 : 0.4);
  request->order = request->mode == Mode::saga || request->mode == Mode::mixed ? Order::sequential : Order::parallel;
  if (takes_orders && dice.chance(0.3)) request->order = dice.one_of(Order::sequential, Order::parallel);
  request->timeout_ms = dice.one_of(50, 300, 1000, 4000);
  request->retry = make_retry(dice);
  request->request_timeout_ms = dice.between(20, 200);
  request->attention_after = dice.between(1, 8);
  if (request->mode == Mode::message && request->interactive && dice.chance(0.75)) {
    request->check = url_of_service(shape.home, "check");
    request->check_after_ms = dice.between(20, 600);
  }

  std::vector<BranchRequest> branches;
  const int count = std::min(most_branches, request->interactive && dice.chance(0.05) ? 0 : 1 + dice.below(5));
  for (int i = 0; i < count; ++i) {
    branches.push_back(make_branch(*request, Dice(seed, shape_purpose, {.transaction = transaction, .branch = i}), transaction, i));
  }
  const bool can_be_graph = !branches.empty() && branches.front().kind != Kind::message;
  const bool is_graph = takes_orders && can_be_graph && dice.chance(0.3);
  if (is_graph) {
    make_graph(branches, request->interactive, dice);
    request->order = Order::graph;
  }
  shape.given = request->interactive ? static_cast<std::size_t>(dice.below(count + 1)) : branches.size();
  request->branches.assign(branches.begin(), branches.begin() + static_cast<std::ptrdiff_t>(shape.given));
  // Before its first branch nobody knows that it will be a graph.
  if (is_graph && shape.given == 0) request->order = Order::sequential;
  if (!request->interactive && takes_orders && dice.chance(0.5)) make_pivot(*request, dice);

  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    shape.movements.push_back(make_movement(branches[index].kind, Dice(seed, movement_purpose, {.transaction = transaction, .branch = i})));
  }
  shape.own_movement = make_movement(Kind::saga, Dice(seed, movement_purpose, {.transaction = transaction}));

  const auto all = pointers(branches);
  ESCROW_ASSERT(protocol::after_faults(all, 0, "").empty());
  if (request->interactive) {
    for (const BranchRequest& branch : branches) shape.branches.push_back(std::make_shared<const BranchRequest>(branch));
  }
  shape.request = std::move(request);
  return shape;
}

}  // namespace escrow::sim
