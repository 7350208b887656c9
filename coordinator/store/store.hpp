#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/log.hpp"

/// The log as the engine uses it: a writer thread with group commit, and a reader thread. Calls return at once; each callback runs
/// exactly once, on a thread of the store, and must only hand its argument over (post to the shard).
namespace escrow::store {

struct StoreSettings {
  /// Writes that wait at most; past it only `Urgency::new_work` is refused (`unavailable`), never outcomes, decisions or operators.
  std::size_t queue_writes = 20'000;
  /// Writes in one commit at most.
  std::size_t batch_writes = 512;
  /// Reads that wait at most; past it only those of `Urgency::new_work` (lists, searches) are refused.
  std::size_t queue_reads = 10'000;
  /// Threads that read, each with a reader of its own: one long list does not hold back what the engine must load.
  std::size_t reader_threads = 2;
  /// A commit that takes longer is told (`on_slow`), also while it hangs.
  std::chrono::milliseconds slow_commit{5'000};
};

enum class Urgency : std::uint8_t { new_work, owed };

/// Upper bounds of the buckets of escrow_store_write_duration_seconds; one more bucket holds what is above.
inline constexpr std::array write_duration_bounds_s{0.000'5, 0.001, 0.002'5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

/// Cheap counters, readable from any thread.
struct StoreMetrics {
  std::uint64_t commits = 0;
  /// Writes answered `ok`.
  std::uint64_t writes = 0;
  std::uint64_t conflicts = 0;
  /// Writes answered `unavailable` or `unknown`, those that found the queue full included.
  std::uint64_t refused = 0;
  /// Writes that wait now.
  std::uint64_t queued = 0;
  /// From `write` to its answer: counts per bucket (not cumulated), one more than `write_duration_bounds_s` has.
  std::vector<std::uint64_t> write_duration_buckets;
  double write_duration_sum_s = 0;
};

class Store {
 public:
  using WriteDone = std::function<void(WriteResult)>;

  /// Starts the threads. The log is used by the writer thread only from now on.
  Store(std::unique_ptr<Log> log, StoreSettings settings);
  /// Writes everything still queued, runs what else waits, then joins. Nobody may call anything any more.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Queues a write; writes of one gid are applied in the order of the calls. All that waits becomes one commit, without delay.
  void write(Write write, Urgency urgency, WriteDone done);
  /// As `write`, but nothing is begun for it before `commit_queued` (or a `write`): who has more to say says it first, and it becomes one
  /// commit. Whatever is left at the end is written all the same.
  void queue(Write write, Urgency urgency, WriteDone done);
  void commit_queued();
  /// Runs `read` on a reader thread with its reader; `read` hands its result over itself. A reader that cannot be opened is a null pointer.
  /// Also a `new_work` read that found the queue full gets one.
  void read(std::function<void(Reader*)> read, Urgency urgency = Urgency::owed);
  /// Runs on the writer thread between two commits: retention, probe. One piece of work after each commit: writes wait for one at most, so
  /// a piece should take milliseconds.
  void maintain(std::function<void(Log&)> work);

  /// Called once, from any thread, when a fsync failed and the process must end (exit 1): recovery reads what the disk really holds.
  /// Also when the database turned out to be damaged. If it has happened already: called here.
  void on_fatal(std::function<void(std::string)> handler);
  /// Called on a thread of the store with a sentence that should be logged: a commit that takes long, a write-ahead log that grows.
  void on_slow(std::function<void(std::string)> handler);

  [[nodiscard]] const std::string& store_id() const;
  [[nodiscard]] std::int64_t run() const;
  [[nodiscard]] std::int64_t latest_ms() const;
  [[nodiscard]] bool is_durable() const;
  [[nodiscard]] StoreMetrics metrics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Opens what `--store` names: `sqlite:PATH` or `sqlite::memory:`. Errors say what to do, and are one of LogErrc.
[[nodiscard]] Result<std::unique_ptr<Log>> open_log(const std::string& location);

}  // namespace escrow::store
