#include <catch2/catch.hpp>

#include <map>
#include <string>

#include "tests/unit/node/harness.hpp"

/// Failure is a loop: each scenario runs once without faults, then once per write and per call with each of their faults, and once per
/// moment with a crash or a loss of memory there. The harness holds every output against what no node may do; here the ends are judged.
using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Kind;
using protocol::Mode;

namespace {

/// Services behind their barrier (docs/protocol.md, section 5): what the business sees of forward, confirm and undo, whatever arrives
/// twice, late or out of order.
class Services {
 public:
  core::Outcome serve(const node::CallWanted& call) {
    const std::string branch = call.branch ? call.branch->id.text() : "";
    State& state = states_[branch];
    switch (call.role) {
      case protocol::Role::check: return ok();
      case protocol::Role::confirm:
        if (call.branch->kind != Kind::message && (!state.done || state.undone)) return refused();
        state.confirmed = true;
        return ok();
      case protocol::Role::undo:
        if (state.confirmed) return refused();
        state.undone = true;
        return ok();
      case protocol::Role::forward: break;
    }
    // The undo came first, or the business says no.
    if (state.undone && !state.done) return refused();
    if (state.refused || refuses.contains(branch)) {
      state.refused = !state.done;
      return state.done ? ok() : refused();
    }
    state.done = true;
    return ok("{}");
  }

  std::set<std::string> refuses;

  [[nodiscard]] bool stands(const std::string& branch) const {
    const auto found = states_.find(branch);
    return found != states_.end() && (found->second.done || found->second.confirmed) && !found->second.undone;
  }
  [[nodiscard]] bool is_confirmed(const std::string& branch) const {
    const auto found = states_.find(branch);
    return found != states_.end() && found->second.confirmed;
  }

 private:
  struct State {
    bool done = false;
    bool confirmed = false;
    bool undone = false;
    bool refused = false;
  };
  std::map<std::string, State> states_;
};

struct Scenario {
  std::string name;
  Draft draft;
  std::set<std::string> refuses;
  /// For interactive ones: commit or abort after the start.
  std::optional<bool> commit;
};

std::vector<Scenario> scenarios() {
  const auto pivoted = [] {
    return mixed()
        .with(Kind::tcc, "a")
        .with(Kind::saga, "b")
        .with(Kind::saga, "p", pivot)
        .with(Kind::saga, "y")
        .with(Kind::tcc, "z")
        .with(Kind::message, "m");
  };
  return {
      {"a saga that commits", saga({"a", "b", "c"}), {}, {}},
      {"a saga that compensates", saga({"a", "b", "c"}), {"c"}, {}},
      {"a tcc that confirms", tcc({"a", "b", "c"}), {}, {}},
      {"a tcc that cancels", tcc({"a", "b", "c"}), {"b"}, {}},
      {"a graph",
       mixed()
           .with(Kind::saga, "a")
           .with(Kind::tcc, "b", after({"a"}))
           .with(Kind::saga, "c", after({"a"}))
           .with(Kind::saga, "d", after({"b", "c"})),
       {"d"},
       {}},
      {"a pivot that commits", pivoted(), {}, {}},
      {"a pivot that is refused", pivoted(), {"p"}, {}},
      {"a driven message", message({"m", "n"}), {}, {}},
      {"a message that is asked about", message({"m"}).check(1'000), {}, {}},
      {"an interactive tcc that aborts", Draft(Mode::tcc).interactive().with({"a", "b"}), {}, false},
      {"an interactive saga that commits", Draft(Mode::saga).interactive().with({"a", "b"}), {}, true},
  };
}

enum class CallFault : std::uint8_t { none, lost_before, lost_after, refused, twice, in_progress };
enum class Blow : std::uint8_t { none, forget, crash };

struct Plan {
  std::size_t write = ~std::size_t{0};
  WriteFate fate = WriteFate::ok;
  std::size_t call = ~std::size_t{0};
  CallFault fault = CallFault::none;
  /// After this many answers from log and participants.
  std::size_t moment = ~std::size_t{0};
  Blow blow = Blow::none;
};

struct Size {
  std::size_t writes = 0;
  std::size_t calls = 0;
  std::size_t moments = 0;
};

class Run {
 public:
  Run(const Scenario& scenario, const Plan& plan) : scenario_(scenario), plan_(plan) { services_.refuses = scenario.refuses; }

  Size run() {
    h_.write_fate = [this](std::size_t n) { return n == plan_.write ? plan_.fate : WriteFate::ok; };
    h_.serve = [this](std::size_t n, const node::CallWanted& call) { return serve(n, call); };
    h_.between = [this](std::size_t n) {
      moments_ = n + 1;
      if (n == plan_.moment) blow();
    };
    begin();
    for (int i = 0; i < 200 && !has_ended(); ++i) {
      h_.run_for(Duration(1'000));
      // Whoever was told 503, or nothing since the process ended, asks again: the start, and the word of the initiator.
      if (h_.durable("g") == nullptr) begin();
      if (scenario_.commit && h_.durable_status("g") == "active") decide();
    }
    judge();
    return {h_.writes_seen, h_.called.size(), moments_};
  }

 private:
  void begin() {
    (void)h_.start(scenario_.draft, Duration(30'000));
    h_.settle();
    if (scenario_.commit && h_.durable_status("g") == "active") decide();
  }

  void decide() {
    if (*scenario_.commit) {
      (void)h_.ask("g", core::CommitRequested{});
    } else {
      (void)h_.ask("g", core::AbortRequested{});
    }
  }

  bool has_ended() const { return h_.durable("g") != nullptr && h_.durable("g")->is_terminal(); }

  void blow() {
    if (plan_.blow == Blow::crash) h_.crash();
    if (plan_.blow == Blow::forget) h_.step(node::Forgotten{gid("g")});
  }

  core::Outcome serve(std::size_t n, const node::CallWanted& call) {
    const auto fault = n == plan_.call ? plan_.fault : CallFault::none;
    switch (fault) {
      case CallFault::none: break;
      case CallFault::lost_before: return lost();
      case CallFault::in_progress: return in_progress();
      case CallFault::lost_after: (void)services_.serve(call); return lost();
      case CallFault::refused:
        // The barrier tells the same to every repeat.
        if (call.role == protocol::Role::forward && call.phase == protocol::Phase::forward)
          services_.refuses.insert(call.branch->id.text());
        if (call.role != protocol::Role::forward) return refused();
        break;
      case CallFault::twice: (void)services_.serve(call); break;
    }
    return services_.serve(call);
  }

  void judge() const {
    INFO("status " << h_.durable_status("g"));
    REQUIRE(has_ended());
    const auto& transaction = *h_.durable("g");
    const bool committed = transaction.status == protocol::Status::committed;
    if (scenario_.commit) REQUIRE(committed == *scenario_.commit);
    for (const auto& branch : transaction.branches) {
      const auto& id = branch.request->id.text();
      INFO("branch " << id);
      if (!transaction.request->interactive || branch.request->kind == Kind::message) REQUIRE(services_.stands(id) == committed);
      if (branch.confirm && !transaction.request->interactive) REQUIRE(services_.is_confirmed(id) == committed);
    }
    // Nobody is left without an answer but those whose process ended.
    REQUIRE(h_.unanswered().empty());
    REQUIRE(h_.inner_unfinished() == 0);
  }

  const Scenario& scenario_;
  Plan plan_;
  Harness h_;
  Services services_;
  std::size_t moments_ = 0;
};

Size run(const Scenario& scenario, const Plan& plan) {
  INFO(scenario.name << ", write " << plan.write << " fate " << static_cast<int>(plan.fate) << ", call " << plan.call << " fault "
                     << static_cast<int>(plan.fault) << ", moment " << plan.moment << " blow " << static_cast<int>(plan.blow));
  return Run(scenario, plan).run();
}

}  // namespace

TEST_CASE("every scenario ends well with each of its writes failing in each way", "[node][failure]") {
  for (const auto& scenario : scenarios()) {
    const Size size = run(scenario, {});
    for (std::size_t n = 0; n < size.writes + 2; ++n) {
      for (const auto fate : {WriteFate::unavailable, WriteFate::unknown_durable, WriteFate::unknown_lost, WriteFate::conflict}) {
        Plan plan;
        plan.write = n;
        plan.fate = fate;
        (void)run(scenario, plan);
      }
    }
  }
}

TEST_CASE("every scenario ends well with each of its calls failing in each way", "[node][failure]") {
  for (const auto& scenario : scenarios()) {
    const Size size = run(scenario, {});
    for (std::size_t n = 0; n < size.calls + 2; ++n) {
      for (const auto fault :
           {CallFault::lost_before, CallFault::lost_after, CallFault::refused, CallFault::twice, CallFault::in_progress}) {
        Plan plan;
        plan.call = n;
        plan.fault = fault;
        (void)run(scenario, plan);
      }
    }
  }
}

TEST_CASE("every scenario ends well with each of its calls and each of its writes failing together", "[node][failure]") {
  for (const auto& scenario : scenarios()) {
    const Size size = run(scenario, {});
    for (std::size_t call = 0; call < size.calls; ++call) {
      for (std::size_t write = 0; write < size.writes + 1; ++write) {
        for (const auto fault : {CallFault::lost_after, CallFault::refused}) {
          for (const auto fate : {WriteFate::unavailable, WriteFate::unknown_lost}) {
            Plan plan;
            plan.call = call;
            plan.fault = fault;
            plan.write = write;
            plan.fate = fate;
            (void)run(scenario, plan);
          }
        }
      }
    }
  }
}

TEST_CASE("every scenario ends well with a crash or a loss of memory at each moment", "[node][failure][crash]") {
  for (const auto& scenario : scenarios()) {
    const Size size = run(scenario, {});
    for (std::size_t n = 0; n < size.moments; ++n) {
      for (const auto blow : {Blow::crash, Blow::forget}) {
        Plan plan;
        plan.moment = n;
        plan.blow = blow;
        (void)run(scenario, plan);
        // And with a call around it that did its work and said nothing.
        for (std::size_t call = 0; call < size.calls; ++call) {
          plan.call = call;
          plan.fault = CallFault::lost_after;
          (void)run(scenario, plan);
        }
      }
    }
  }
}
