#include "tests/fault-injection/explore/scenarios.hpp"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <utility>

#include "protocol/assert.hpp"
#include "tests/fault-injection/sim/identities.hpp"
#include "tests/fault-injection/sim/participant.hpp"

namespace escrow::explore {
namespace {

using protocol::BranchRequest;
using protocol::Kind;
using protocol::Mode;
using protocol::Order;
using protocol::Role;

/// Builds the shape of one transaction, branch by branch.
class Draft {
 public:
  Draft(int transaction, Mode mode, bool interactive = false) {
    shape_.transaction = transaction;
    shape_.own_movement = {0, 5, false};
    request_.gid = *protocol::Gid::parse("t" + std::to_string(transaction));
    request_.mode = mode;
    request_.interactive = interactive;
    request_.order = mode == Mode::saga || mode == Mode::mixed ? Order::sequential : Order::parallel;
    // All of it fits into the storm, the deadline too.
    request_.timeout_ms = 2'500;
    request_.request_timeout_ms = 100;
    request_.attention_after = 3;
    request_.retry = {.initial_ms = 50, .max_ms = 400, .multiplier = 2.0, .jitter = 0.0, .max_attempts = 5};
  }

  Draft& timeout(std::int64_t ms) {
    request_.timeout_ms = ms;
    return *this;
  }
  Draft& order(Order order) {
    request_.order = order;
    return *this;
  }
  Draft& check(std::int64_t after_ms) {
    request_.check = sim::url_of_service(shape_.home, "check");
    request_.check_after_ms = after_ms;
    return *this;
  }

  Draft& branch(Kind kind, int service, std::initializer_list<const char*> after = {}) {
    const auto index = branches_.size();
    BranchRequest branch;
    branch.id = *protocol::BranchId::parse("b" + std::to_string(index));
    branch.kind = kind;
    const auto url = [&](Role role) {
      const auto name = protocol::operation_name(kind, role);
      return name ? sim::url_of_service(service, protocol::to_string(*name)) : std::string();
    };
    if (!request_.interactive) branch.forward_url = url(Role::forward);
    branch.confirm_url = url(Role::confirm);
    branch.undo_url = url(Role::undo);
    branch.payload = "{\"branch\":" + std::to_string(index) + "}";
    branch.retry = request_.retry;
    branch.request_timeout_ms = request_.request_timeout_ms;
    for (const char* id : after) branch.after.push_back(*protocol::BranchId::parse(id));
    branch.has_after = request_.order == Order::graph && kind != Kind::message && (index == 0 || !branch.after.empty());
    branches_.push_back(std::move(branch));
    shape_.movements.push_back({0, static_cast<std::int64_t>(index) + 2, kind == Kind::message});
    return *this;
  }
  Draft& pivot() {
    branches_.back().pivot = true;
    branches_.back().undo_url.clear();
    return *this;
  }

  /// An interactive one gives the first `given` branches with its start and registers the others.
  [[nodiscard]] sim::Shape shape(std::size_t given = 0) {
    shape_.given = request_.interactive ? given : branches_.size();
    request_.branches.assign(branches_.begin(), branches_.begin() + static_cast<std::ptrdiff_t>(shape_.given));
    if (request_.interactive) {
      for (const BranchRequest& branch : branches_) shape_.branches.push_back(std::make_shared<const BranchRequest>(branch));
    }
    shape_.request = std::make_shared<const protocol::StartRequest>(request_);
    return shape_;
  }

 private:
  sim::Shape shape_;
  protocol::StartRequest request_;
  std::vector<BranchRequest> branches_;
};

std::vector<sim::Fired> script(std::initializer_list<std::string_view> lines) {
  std::vector<sim::Fired> faults;
  for (const std::string_view line : lines) {
    std::string why;
    const auto fault = sim::fault_from(line, why);
    ESCROW_ASSERT(fault.has_value());
    faults.push_back(*fault);
  }
  return faults;
}

Draft tcc(std::size_t branches, bool interactive = false) {
  Draft draft(0, Mode::tcc, interactive);
  for (std::size_t i = 0; i < branches; ++i) draft.branch(Kind::tcc, static_cast<int>(i));
  return draft;
}

Draft saga(std::size_t branches, bool interactive = false) {
  Draft draft(0, Mode::saga, interactive);
  for (std::size_t i = 0; i < branches; ++i) draft.branch(Kind::saga, static_cast<int>(i));
  return draft;
}

Draft pivot() {
  Draft draft(0, Mode::mixed);
  draft.branch(Kind::saga, 0).branch(Kind::saga, 1).pivot().branch(Kind::tcc, 2);
  return draft;
}

Draft message(bool checked) {
  Draft draft(0, Mode::message, checked);
  if (checked) draft.check(400);
  return draft.branch(Kind::message, 1).branch(Kind::message, 2);
}

std::vector<Scenario> all_alone() {
  std::vector<Scenario> found;
  const auto add = [&](std::string name, std::string course, const char* outcome, sim::Shape shape, std::vector<sim::Fired> lines = {}) {
    found.push_back({std::move(name), std::move(course), {std::move(shape)}, outcome, std::move(lines)});
  };
  add("tcc-2", "the initiator tries two branches and commits", "committed", tcc(2, true).shape());
  add("tcc-2-driven", "two branches are tried for the initiator and confirmed", "committed", tcc(2).shape());
  add("tcc-2-refused", "the second try is refused", "aborted", tcc(2).shape(), script({"participant.refused_forward t0 b1 try"}));
  add("tcc-3-client-dies", "the initiator dies after two tries", "aborted", tcc(3, true).shape(),
      script({"client.dies t0 client.dying #5"}));
  add("tcc-deadline", "a branch works for longer than the deadline", "aborted", tcc(2).timeout(700).shape(),
      script({"participant.busy t0 b1 try attempt 1 until healed"}));
  add("tcc-abort", "the initiator aborts after its tries", "aborted", tcc(2, true).shape(), script({"client.choice t0 client.deciding"}));
  add("saga-3", "three steps succeed", "committed", saga(3).shape());
  add("saga-3-last-refused", "the last of three steps is refused", "aborted", saga(3).shape(),
      script({"participant.refused_forward t0 b2 action"}));
  add("saga-3-first-refused", "the first of three steps is refused", "aborted", saga(3).shape(),
      script({"participant.refused_forward t0 b0 action"}));
  add("saga-3-parallel", "of three steps at once the middle one is refused", "aborted", saga(3).order(Order::parallel).shape(),
      script({"participant.refused_forward t0 b1 action"}));
  add("saga-interactive", "the initiator takes two steps, then aborts", "aborted", saga(2, true).shape(1),
      script({"client.choice t0 client.deciding"}));
  add("pivot", "a step, the point of no return, and a reservation behind it", "committed", pivot().shape());
  add("pivot-refused", "the point of no return is refused", "aborted", pivot().shape(),
      script({"participant.refused_forward t0 b1 action"}));
  add("start-and-commit-repeated", "every request of the initiator arrives twice", "committed", tcc(2, true).shape(),
      script({"client.choice t0 client.starting_again", "api.duplicated t0 b1 ask.start attempt 1",
              "api.duplicated t0 b4 ask.commit attempt 1", "api.duplicated_late t0 b4 ask.commit attempt 1"}));
  add("message", "two messages are delivered", "committed", message(false).shape());
  add("message-check", "the initiator dies after its local transaction, and a check finds out", "committed", message(true).shape(2),
      script({"client.dies t0 client.dying #3"}));
  add("message-check-refused", "the initiator's own business says no and it dies, and a check finds out", "aborted", message(true).shape(2),
      script({"participant.crash_before t0 local"}));
  Draft mixed(0, Mode::mixed);
  mixed.order(Order::graph).branch(Kind::saga, 0).branch(Kind::tcc, 1, {"b0"}).branch(Kind::saga, 2, {"b0"}).branch(Kind::message, 0);
  add("mixed-graph", "a step, then a reservation and a step at once, and a message", "committed", mixed.shape());
  return found;
}

sim::Shape other() {
  Draft draft(1, Mode::saga);
  return draft.branch(Kind::saga, 0).branch(Kind::saga, 1).shape();
}

std::vector<Scenario> make_scenarios() {
  std::vector<Scenario> all = all_alone();
  const std::size_t count = all.size();
  for (std::size_t i = 0; i < count; ++i) {
    Scenario both = all[i];
    both.name += "+other";
    both.course += ", beside another saga on the same accounts";
    both.shapes.push_back(other());
    all.push_back(std::move(both));
  }
  return all;
}

const std::vector<Scenario>& known() {
  static const std::vector<Scenario> all = make_scenarios();
  return all;
}

}  // namespace

std::span<const Scenario> scenarios() { return known(); }

const Scenario* scenario_named(std::string_view name) {
  const auto found = std::ranges::find(known(), name, &Scenario::name);
  return found == known().end() ? nullptr : &*found;
}

}  // namespace escrow::explore
