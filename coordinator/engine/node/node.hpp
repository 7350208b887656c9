#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "coordinator/engine/node/destinations.hpp"
#include "coordinator/engine/node/entry.hpp"
#include "coordinator/engine/node/input.hpp"
#include "coordinator/engine/node/output.hpp"
#include "coordinator/engine/node/recent.hpp"
#include "coordinator/engine/node/schedule.hpp"
#include "coordinator/engine/node/settings.hpp"

/// All transactions of one shard: what is due, what is admitted, what waits for a write, what may be called now. Synchronous: no clock,
/// no thread, no socket; the driver and the simulator carry inputs in and outputs out.
namespace escrow::engine::node {

struct Counters {
  std::map<protocol::Mode, std::uint64_t> started;
  std::map<std::pair<protocol::Mode, protocol::Status>, std::uint64_t> finished;
  std::map<std::pair<protocol::OperationName, core::Outcome::Class>, std::uint64_t> calls;
  std::uint64_t recovered = 0;
  std::uint64_t corrupt = 0;
};

class Node {
 public:
  /// `run` is the number of this run of the coordinator, `unfinished` how many transactions the log holds that are not terminal.
  Node(Settings settings, std::int64_t run, std::int64_t unfinished);

  /// Takes one input and appends what it wants done. `now` never goes back. Inputs for transactions it does not hold are harmless.
  void step(core::Time now, Input input, std::vector<Output>& outputs);

  /// When it wants to be woken if nothing else happens.
  [[nodiscard]] std::optional<core::Time> next_wakeup() const;

  /// The first page of what is due has been read.
  [[nodiscard]] bool is_recovered() const { return recovered_; }
  /// Draining, and nothing of it is left: no call open, no write under way or owed.
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] std::size_t open_calls() const { return calls_.size(); }
  [[nodiscard]] std::size_t resident() const { return entries_.size(); }
  [[nodiscard]] std::int64_t unfinished() const { return unfinished_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] std::vector<Destinations::View> destinations(core::Time now) const { return destinations_.view(now); }

 private:
  struct Call {
    protocol::Gid gid;
    core::OperationRef ref;
    protocol::OperationName operation;
    Target target;
    core::Time began;
  };

  // One handler an input; node_requests.cpp, node_writes.cpp, node_loads.cpp and node_calls.cpp.
  void on(Request request);
  void on(WriteAnswered answered);
  void on(Loaded loaded);
  void on(DueLoaded loaded);
  void on(CallEnded ended);
  void on(Woken);
  void on(DrainBegun);
  void on(Forgotten forgotten);

  Entry& entry_of(const protocol::Gid& gid);
  Entry* find(const protocol::Gid& gid);

  /// Works the inbox off while nothing is under way, drives the transaction, then schedules it or lets it go.
  void run(Entry& entry);
  void drive(Entry& entry);
  void conclude(Entry& entry);
  [[nodiscard]] bool may_leave(const Entry& entry) const;
  [[nodiscard]] std::optional<core::Time> wakeup_of(const Entry& entry) const;

  void take(Entry& entry, Request request);
  void take_start(Entry& entry, Request request);
  void take_resolve(Entry& entry, const Request& request, const Resolve& body);
  void take_event(Entry& entry, const Request& request, const core::Event& event);
  /// Keeps a decision: its history, its durability; answers `token` when what it rests on is durable.
  void keep(Entry& entry, core::Decision decision, std::optional<PendingAnswer> answer);
  void answer_when_durable(Entry& entry, PendingAnswer answer);
  void answer_now(Entry& entry, PendingAnswer answer);
  void answer(std::uint64_t token, Answer answer);
  void answer_problem(std::uint64_t token, protocol::ProblemCode code, std::string detail = {});
  void answer_waiters(Entry& entry);
  void refuse_inbox(Entry& entry, protocol::ProblemCode code, const std::string& detail);
  /// Answers the waiters whose time is up at `until`; nothing: all of them.
  void refuse_waiters(Entry& entry, protocol::ProblemCode code, const std::string& detail, std::optional<core::Time> until = std::nullopt);

  void write(Entry& entry);
  void write_succeeded(Entry& entry);
  void write_refused(Entry& entry, protocol::ProblemCode code, const std::string& why);
  void restart(Entry& entry);
  void load(Entry& entry);
  void adopt(Entry& entry, core::Transaction transaction);
  void pause(Entry& entry);

  void dispatch(Entry& entry);
  void begin_call(Entry& entry, core::OperationRef ref, Target target);
  void release_held_back();
  void ask_for_due();

  Settings settings_;
  std::int64_t run_;
  std::int64_t unfinished_;
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;
  Schedule schedule_;
  Destinations destinations_;
  std::unordered_map<std::uint64_t, Call> calls_;
  std::uint64_t last_call_ = 0;

  /// Everything due up to here is in memory; nothing due up to here may leave it.
  std::optional<core::Time> horizon_;
  /// Where the next page begins.
  std::optional<store::DuePosition> due_after_;
  bool due_asked_ = false;
  /// What left memory without a transaction while a page was under way; beyond `due_page` of them it only says that there were more.
  std::unordered_set<std::string> left_beside_page_;
  std::optional<core::Time> due_retry_at_;
  bool recovered_ = false;
  bool draining_ = false;
  /// Writes and loads under way, and transactions with lazy changes: what a drain waits for.
  std::size_t busy_ = 0;
  std::size_t dirty_ = 0;
  Counters counters_;
  Traffic traffic_;

  // Of the step that is being taken.
  core::Time now_;
  std::vector<Output>* outputs_ = nullptr;
};

}  // namespace escrow::engine::node
