#include "tests/fault-injection/process/plan.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace escrow::processes {
namespace {

using nlohmann::json;
using protocol::Status;

constexpr int services = 2;

/// Makes one transaction, branch by branch.
class Draft {
 public:
  Draft(int transaction, std::string mode, const Urls& urls, const Timing& timing) : urls_(urls) {
    plan_.transaction = transaction;
    start_ = {{"gid", "t" + std::to_string(transaction)},
              {"mode", std::move(mode)},
              {"timeout_ms", timing.timeout_ms},
              {"request_timeout_ms", timing.request_timeout_ms},
              {"retry", {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", 0}}},
              {"branches", json::array()}};
  }

  enum class Says { yes, no };
  Draft& saga(Says says = Says::yes, bool is_pivot = false) {
    json branch = begin("saga", {{"action", url("action")}}, says);
    if (is_pivot) branch["pivot"] = true;
    // A pivot that is refused behind an unknown attempt has something to undo, or waits for an operator.
    if (!is_pivot || says == Says::no) branch["compensate"] = url("compensate");
    return add(std::move(branch));
  }
  Draft& tcc(Says says = Says::yes) {
    return add(begin("tcc", {{"try", url("try")}, {"confirm", url("confirm")}, {"cancel", url("cancel")}}, says));
  }
  Draft& message() { return add(begin("message", {{"action", url("deliver")}}, Says::yes)); }
  /// Behind the pivot: called until it succeeds, so that there is nothing to undo.
  Draft& forward_only() { return add(begin("saga", {{"action", url("action")}}, Says::yes)); }

  Draft& driven_by(Driving driving) {
    plan_.driving = driving;
    if (driving != Driving::looks_on) start_["interactive"] = true;
    if (driving == Driving::commits_message || driving == Driving::silent_message) {
      start_["check"] = urls_.of(0, "/check");
      start_["check_after_ms"] = driving == Driving::silent_message ? 20 : 120'000;
      start_.erase("timeout_ms");
      sim::Declared own;
      own.transaction = plan_.transaction;
      own.movement = {0, 1, false};
      plan_.declared.push_back(own);
    }
    return *this;
  }

  Plan ends(Status outcome) {
    plan_.outcome = outcome;
    if (plan_.driving == Driving::tries) start_.erase("branches");
    plan_.start = start_.dump();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] int index() const { return static_cast<int>(plan_.branches.size()); }
  [[nodiscard]] int service() const { return index() % services; }
  [[nodiscard]] std::string url(const std::string& path) const { return urls_.of(service(), "/" + path); }

  json begin(const std::string& kind, json operations, Says says) {
    json branch = std::move(operations);
    branch["id"] = "b" + std::to_string(index());
    if (start_["mode"] == "mixed") branch["kind"] = kind;
    sim::Declared declared;
    declared.transaction = plan_.transaction;
    declared.branch = index();
    declared.service = service();
    declared.movement = {index() / services % 2, 1 + index(), index() % 2 == 1};
    branch["payload"] = {declared.movement.account, declared.movement.amount, declared.movement.arrives ? 1 : 0, says == Says::no ? 1 : 0};
    plan_.declared.push_back(declared);
    return branch;
  }
  Draft& add(json branch) {
    const std::string payload = branch.at("payload").dump();
    if (plan_.driving == Driving::tries) branch.erase("try");
    plan_.branches.push_back({branch.dump(), payload, service()});
    start_["branches"].push_back(std::move(branch));
    return *this;
  }

  const Urls& urls_;
  json start_;
  Plan plan_;
};

}  // namespace

std::string_view to_string(Family family) {
  switch (family) {
    case Family::saga: return "saga";
    case Family::tcc: return "tcc";
    case Family::mixed: return "mixed";
    case Family::pivot: return "pivot";
    case Family::message: return "message";
  }
  return "";
}

std::string Urls::of(int service, std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(services.at(static_cast<std::size_t>(service))) + std::string(path);
}

std::vector<Plan> plans_of(Family family, int first, const Urls& urls, const Timing& timing) {
  constexpr auto no = Draft::Says::no;
  constexpr auto yes = Draft::Says::yes;
  std::vector<Plan> plans;
  const auto draft = [&](const std::string& mode) { return Draft(first + static_cast<int>(plans.size()), mode, urls, timing); };
  switch (family) {
    case Family::saga:
      plans.push_back(draft("saga").saga().saga().ends(Status::committed));
      plans.push_back(draft("saga").saga().saga().saga(no).ends(Status::aborted));
      break;
    case Family::tcc:
      plans.push_back(draft("tcc").tcc().tcc().ends(Status::committed));
      plans.push_back(draft("tcc").driven_by(Driving::tries).tcc().tcc().ends(Status::committed));
      plans.push_back(draft("tcc").driven_by(Driving::tries).tcc().tcc(no).ends(Status::aborted));
      break;
    case Family::mixed:
      plans.push_back(draft("mixed").saga().tcc().message().ends(Status::committed));
      plans.push_back(draft("mixed").saga().tcc().message().saga(no).ends(Status::aborted));
      break;
    case Family::pivot:
      plans.push_back(draft("saga").saga().saga(yes, true).forward_only().ends(Status::committed));
      plans.push_back(draft("saga").saga().saga(no, true).forward_only().ends(Status::aborted));
      break;
    case Family::message:
      plans.push_back(draft("message").message().message().ends(Status::committed));
      plans.push_back(draft("message").driven_by(Driving::commits_message).message().message().ends(Status::committed));
      plans.push_back(draft("message").driven_by(Driving::silent_message).message().ends(Status::committed));
      break;
  }
  return plans;
}

}  // namespace escrow::processes
