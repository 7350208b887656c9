#include "tests/fault-injection/real/plans.hpp"

#include <algorithm>

#include "protocol/start_request_writer.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::real {
namespace {

using processes::Driving;
using processes::Plan;
using protocol::BranchRequest;
using sim::Point;
constexpr int processes_of_services = 2;

bool has(const explore::Scenario& scenario, Point point, int operation) {
  return std::ranges::any_of(
      scenario.script, [&](const sim::Fired& one) { return one.point == point && (operation < 0 || one.identity.operation == operation); });
}

std::string payload_of(const sim::Declared& declared, bool is_refused) {
  const sim::Movement& movement = declared.movement;
  return "[" + std::to_string(movement.account) + "," + std::to_string(movement.amount) + "," + (movement.arrives ? "1" : "0") + "," +
         (is_refused ? "1" : "0") + "]";
}

class Maker {
 public:
  Maker(const explore::Scenario& scenario, const processes::Urls& urls, const std::vector<std::pair<int, int>>& refusals)
      : scenario_(scenario), urls_(urls), refusals_(refusals) {
    for (const sim::Fired& one : scenario.script) {
      if (one.point == Point::refused_forward) refusals_.emplace_back(one.identity.transaction, one.identity.branch);
    }
  }

  Plan plan(const sim::Shape& shape, int number) {
    Plan plan;
    plan.transaction = number;
    plan.outcome = shape.transaction > 0 || scenario_.outcome == "committed" ? protocol::Status::committed : protocol::Status::aborted;
    protocol::StartRequest request = *shape.request;
    request.gid = *protocol::Gid::parse("t" + std::to_string(number));
    request.retry.initial_ms = 5;
    request.retry.max_ms = 40;
    request.request_timeout_ms = 500;
    if (request.check) {
      request.check = urls_.of(0, "/check");
      request.check_after_ms = 50;
    }
    const bool ends_by_deadline = shape.transaction == 0 && (has(scenario_, Point::participant_busy, -1) || dies(shape));
    if (ends_by_deadline) request.timeout_ms = 900;
    drive(shape, plan);
    for (std::size_t i = 0; i < count(shape); ++i) {
      const BranchRequest& given = i < shape.request->branches.size() ? shape.request->branches[i] : *shape.branches.at(i);
      add(given, shape, request, i, plan);
    }
    if (plan.driving == Driving::tries) request.branches.clear();
    plan.start = protocol::to_json(request);
    return plan;
  }

 private:
  [[nodiscard]] static std::size_t count(const sim::Shape& shape) {
    return std::max(shape.request->branches.size(), shape.branches.size());
  }
  [[nodiscard]] bool dies(const sim::Shape& shape) const {
    return shape.transaction == 0 && shape.request->mode != protocol::Mode::message && has(scenario_, Point::client_dies, -1);
  }

  void drive(const sim::Shape& shape, Plan& plan) const {
    if (!shape.request->interactive) return;
    if (shape.request->mode == protocol::Mode::message) {
      // Its local transaction never comes where the initiator's own business says no.
      const bool commits = !has(scenario_, Point::participant_crash_before, sim::of_local_transaction);
      plan.driving = commits ? Driving::silent_message : Driving::looks_on;
      sim::Declared own;
      own.transaction = plan.transaction;
      own.movement = {0, 1, false};
      if (commits) plan.declared.push_back(own);
      return;
    }
    plan.driving = Driving::tries;
    if (shape.request->mode == protocol::Mode::saga) plan.forward = "action";
    if (dies(shape)) plan.word = Plan::Word::none;
    if (has(scenario_, Point::client_choice, sim::of_client + 50)) plan.word = Plan::Word::abort;
  }

  void add(const BranchRequest& given, const sim::Shape& shape, protocol::StartRequest& request, std::size_t index, Plan& plan) const {
    // The initiator dies before its last try.
    if (plan.word == Plan::Word::none && index + 1 == count(shape)) return;
    sim::Declared declared;
    declared.transaction = plan.transaction;
    declared.branch = static_cast<int>(index);
    declared.service = sim::service_of(given, shape.home) % processes_of_services;
    declared.movement = {static_cast<int>(index) / 2 % 2, 1 + static_cast<std::int64_t>(index), index % 2 == 1};
    BranchRequest branch = given;
    branch.retry = request.retry;
    branch.request_timeout_ms = request.request_timeout_ms;
    const bool is_refused = std::ranges::find(refusals_, std::pair(shape.transaction, static_cast<int>(index))) != refusals_.end();
    branch.payload = payload_of(declared, is_refused);
    for (const auto& [role, url] :
         {std::pair(protocol::Role::forward, &branch.forward_url), std::pair(protocol::Role::confirm, &branch.confirm_url),
          std::pair(protocol::Role::undo, &branch.undo_url)}) {
      if (url->empty()) continue;
      const bool is_message = branch.kind == protocol::Kind::message;
      const auto name = protocol::operation_name(branch.kind, role);
      *url = urls_.of(declared.service, "/" + (is_message ? std::string("deliver") : std::string(protocol::to_string(*name))));
    }
    plan.branches.push_back({protocol::to_json(branch, request), *branch.payload, declared.service,
                             urls_.services.at(static_cast<std::size_t>(declared.service))});
    plan.declared.push_back(declared);
    if (index < request.branches.size()) {
      request.branches[index] = std::move(branch);
    } else if (plan.driving != Driving::tries) {
      request.branches.push_back(std::move(branch));
    }
  }

  const explore::Scenario& scenario_;
  const processes::Urls& urls_;
  std::vector<std::pair<int, int>> refusals_;
};

}  // namespace

std::vector<sim::Fired> course_of(const explore::Scenario& scenario) {
  std::vector<sim::Fired> course;
  for (const sim::Fired& one : scenario.script) {
    const bool is_of_proxy =
        one.point == Point::participant_busy || one.point == Point::api_duplicated || one.point == Point::api_duplicated_late;
    if (is_of_proxy) course.push_back(one);
  }
  return course;
}

std::vector<Plan> plans_of(const explore::Scenario& scenario, int first, const processes::Urls& urls,
                           const std::vector<std::pair<int, int>>& refusals) {
  Maker maker(scenario, urls, refusals);
  std::vector<Plan> plans;
  for (const sim::Shape& shape : scenario.shapes) plans.push_back(maker.plan(shape, first + static_cast<int>(plans.size())));
  return plans;
}

}  // namespace escrow::real
