#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "coordinator/engine/node/node.hpp"
#include "tests/fault-injection/sim/network.hpp"
#include "tests/fault-injection/sim/store_model.hpp"

/// The real node in a simulated process: it is started, fed, paused, made to forget, drained, killed, and started again.
namespace escrow::sim {

class CoordinatorHost {
 public:
  CoordinatorHost(Context& context, StoreModel& store, Network& network);

  void start();
  /// A request that has reached the process; false: the connection was refused. The answer may never come.
  using Reply = Once<engine::node::Answer>;
  bool receive(engine::node::Request request, Ask what, Reply reply);

  /// Nothing is broken any more, and what was down comes back at once.
  void calm_down();
  [[nodiscard]] std::size_t resident() const { return node_ ? node_->resident() : 0; }
  [[nodiscard]] std::size_t open_calls() const { return node_ ? node_->open_calls() : 0; }
  /// By its own count; nothing: it is down.
  [[nodiscard]] std::optional<std::int64_t> unfinished() const { return node_ ? std::optional(node_->unfinished()) : std::nullopt; }
  [[nodiscard]] bool is_up() const { return node_ && node_->is_recovered() && !is_draining_; }
  [[nodiscard]] std::int64_t recovered() const { return recovered_; }
  /// The driver's clock: it starts at the wall clock, or at the latest time in the log, and then only counts.
  [[nodiscard]] Time clock() const { return context_.now() + clock_ahead_; }

 private:
  /// An input for this life of the process; dropped if it has ended, held while it is paused. `identity` names it for the faults.
  void deliver(engine::node::Input input, Identity identity, std::uint64_t life);
  void take(engine::node::Input input, Identity identity);
  /// What came while the process stood still reaches it.
  void release_held();
  /// Performs outputs until the process dies, which it may before any of them and after the last; true: it has died.
  bool perform_all(std::vector<engine::node::Output>& outputs, Identity identity, bool is_page);
  void set_clock();
  void perform(engine::node::Output& output);
  void perform_each(engine::node::WriteWanted& wanted);
  void perform_each(const engine::node::LoadWanted& wanted);
  void perform_each(const engine::node::DueWanted& wanted);
  void perform_each(const engine::node::CallWanted& wanted);
  void perform_each(engine::node::Answered& answered);
  void after_write(const core::Transaction& value, store::WriteAnswer answer, std::uint64_t life);
  void schedule_wakeup();
  void mishap(Identity identity);
  void crash(bool keeps_writes = false);
  void stop();
  void restart_later();

  // The planted bugs of the driver; each does nothing unless it is the one that was chosen.
  [[nodiscard]] bool answers_before_durable(const core::Transaction& value, const engine::node::WriteWanted& wanted) const;
  void call_planted(const engine::node::CallWanted& wanted, const WireRequest& request);
  void tamper(core::Transaction& loaded) const;
  void tamper(core::Outcome& outcome, protocol::Role role, const Identity& call) const;
  void tamper(engine::node::Answer& answer, Ask what, int transaction) const;

  Context& context_;
  StoreModel& store_;
  Network& network_;
  engine::node::Settings settings_;
  std::unique_ptr<engine::node::Node> node_;
  std::int64_t run_ = 0;
  /// Each start and each end begins a new one: what was on its way to the old one gets lost.
  std::uint64_t life_ = 0;
  bool is_draining_ = false;
  /// The input that is being taken found it before it had read all that is unfinished.
  bool recovering_ = false;
  Time paused_until_;
  struct Held {
    engine::node::Input input;
    Identity identity;
    std::uint64_t life = 0;
  };
  std::vector<Held> held_;
  /// How far the driver's clock of this life is ahead of the queue's, and how far the wall clock is.
  Duration clock_ahead_{0};
  Duration wall_ahead_{0};
  std::optional<Time> wakeup_;
  struct Waiting {
    std::uint64_t token = 0;
    int transaction = -1;
    Ask what = Ask::look;
    Reply reply;
  };
  std::vector<Waiting> waiting_;
  /// By transaction, for a planted bug.
  std::map<int, engine::node::CallWanted> last_calls_;
  /// Memory for the outputs of the next step.
  std::vector<engine::node::Output> spare_;
  std::int64_t recovered_ = 0;
};

/// Settings as odd as they may be, since small limits and short times make rare paths common; or the default ones.
[[nodiscard]] engine::node::Settings settings_for(const Context& context);

}  // namespace escrow::sim
