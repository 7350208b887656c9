#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/engine/driver/call_signer.hpp"
#include "coordinator/engine/driver/clock.hpp"
#include "coordinator/engine/driver/written.hpp"
#include "coordinator/engine/durable_events.hpp"
#include "coordinator/engine/node/node.hpp"
#include "coordinator/store/store.hpp"
#include "coordinator/transport/http_client.hpp"

namespace escrow::engine::driver {

inline constexpr std::array call_duration_bounds_s{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

/// How long calls took; the last bucket is everything above the bounds.
struct CallDurations {
  std::array<std::uint64_t, call_duration_bounds_s.size() + 1> buckets{};
  double sum_s = 0;
  std::uint64_t count = 0;

  void add(double seconds);
};

/// Carries inputs into one node and its outputs out: the thin Asio part. Everything runs on one thread, the executor's.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(async::Executor executor, store::Store& store, transport::HttpClient& client, const CallSigner* signer, const Clock& clock,
        node::Settings settings, std::int64_t unfinished, std::uint64_t seed, DurableHandler on_durable);

  /// Asks the node and waits for its answer. Cancelling the caller changes nothing for the transaction.
  async::Task<node::Answer> ask(node::Request request);

  /// Wakes the node for the first time: it begins to read what is due.
  void begin();
  [[nodiscard]] bool is_recovered() const { return node_.is_recovered(); }
  /// Set when the node has recovered.
  async::Event& recovered() { return recovered_; }

  /// Returns when everything in flight has ended and is on disk, or at `deadline`; then no call is open any more.
  async::Task<void> drain(async::Clock::time_point deadline);

  /// Whether the store took the last write that it was asked for.
  [[nodiscard]] bool is_store_writable() const { return is_store_writable_; }

  [[nodiscard]] const node::Node& node() const { return node_; }
  [[nodiscard]] const CallDurations& call_durations() const { return durations_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] core::Time now() const { return clock_.now(); }

 private:
  struct Asking;

  /// An exception in the middle of it would leave a memory that nobody may go on with: it ends the process, and the next one reads the log.
  void step(node::Input input) noexcept;
  void perform(node::WriteWanted& wanted);
  void perform(node::LoadWanted& wanted);
  void perform(node::DueWanted& wanted);
  void perform(node::CallWanted& wanted);
  void perform(node::Answered& answered);
  async::Task<void> call(node::CallWanted wanted);
  async::Task<bool> carry_out(const node::CallWanted& wanted, core::Outcome& outcome);
  void commit_at_the_end_of_the_round();
  void on_written(Written::Answer written);
  void tell_durable(const protocol::Gid& gid, const store::WriteResult& result, std::size_t events, EventTypes types);
  void set_timer();

  async::Executor executor_;
  store::Store& store_;
  transport::HttpClient& client_;
  /// Null: calls are not signed.
  const CallSigner* const signer_;
  const Clock& clock_;
  node::Node node_;
  std::mt19937_64 random_;
  const DurableHandler on_durable_;
  async::TaskGroup calls_;
  async::Event recovered_;
  async::Event drained_;
  async::Timer timer_;
  std::optional<core::Time> timer_at_;
  /// Kept from step to step for its memory.
  std::vector<node::Output> outputs_;
  /// Whether a commit of what was queued in this round of the executor is on its way.
  bool is_commit_posted_ = false;
  std::shared_ptr<Written> written_;
  bool is_store_writable_ = true;
  bool is_stopped_ = false;
  std::uint64_t last_token_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Asking>> asking_;
  CallDurations durations_;
};

}  // namespace escrow::engine::driver
