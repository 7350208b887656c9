#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "coordinator/engine/node/output.hpp"
#include "tests/fault-injection/sim/context.hpp"
#include "tests/fault-injection/sim/real_log.hpp"

/// The log as a model: what the contract of store/log.hpp promises, with every answer it may give, and no disk. In one run of 64 the
/// product's own rows lie behind it.
namespace escrow::sim {

class StoreModel {
 public:
  /// `home`: where a log of the product lies that everything goes through; power fails there at each end of the
  /// process. Null: the model alone, or in some runs the log without a disk.
  explicit StoreModel(Context& context, LogHome* home = nullptr);

  /// Takes a write in; it becomes durable later, or not, and the answer comes later still.
  void write(std::shared_ptr<const core::Transaction> value, std::optional<Time> due, bool is_new_work, Once<store::WriteAnswer> done);
  /// Reads after a while, what is durable then.
  void load(const protocol::Gid& gid, Once<Result<store::Found>> done);
  void load_due(const engine::node::DueWanted& wanted, Once<Result<store::DuePage>> done);

  /// The process has ended: each write in flight has been applied or has not.
  void crash(bool keeps_writes);
  /// A new run of the coordinator; answers its number.
  std::int64_t begin_run();
  [[nodiscard]] std::int64_t run() const { return run_; }
  [[nodiscard]] std::int64_t unfinished() const;

  /// The latest time in the log.
  [[nodiscard]] Time latest() const { return latest_; }

  /// What is durable of a transaction; null: nothing.
  [[nodiscard]] std::shared_ptr<const core::Transaction> find(const protocol::Gid& gid) const;
  /// What was durable before that; null: nothing.
  [[nodiscard]] std::shared_ptr<const core::Transaction> find_before(const protocol::Gid& gid) const;
  [[nodiscard]] std::vector<std::shared_ptr<const core::Transaction>> all() const;
  [[nodiscard]] bool has_unfinished() const { return unfinished() > 0; }

 private:
  struct Row {
    std::shared_ptr<const core::Transaction> value;
    std::optional<Time> due;
    std::int64_t id = 0;
    /// The value before, for planted bugs.
    std::shared_ptr<const core::Transaction> before;
    /// It can't be read any more.
    bool is_damaged = false;
    /// It was removed after its retention, and only its tombstone is left.
    bool is_retired = false;
  };
  struct Pending {
    std::uint64_t id = 0;
    std::shared_ptr<const core::Transaction> value;
    std::optional<Time> due;
    bool applied = false;
    /// The run that made it.
    std::int64_t run = 0;
  };

  /// How a write ends, by what goes wrong.
  [[nodiscard]] store::WriteAnswer answer_to(const Pending& pending, Identity identity, bool is_new_work);
  [[nodiscard]] store::WriteAnswer apply(const Pending& pending);
  /// It is durable.
  void keep(const Pending& pending);
  void lose_power();
  /// Its commit failed, and it is not there; the next run may find it.
  void lose(const Pending& pending, Identity identity);
  [[nodiscard]] bool is_in_doubt() const { return !lost_.empty() && context_.bug != Bug::reads_in_doubt; }
  /// It comes when the process that made it has died: before the next one has begun, or too late.
  void arrive_late(Pending pending);
  [[nodiscard]] store::DuePage page_of(const engine::node::DueWanted& wanted) const;
  [[nodiscard]] Pending* find_pending(std::uint64_t id);
  /// Null: nothing of that transaction was ever written.
  [[nodiscard]] Row* row_of(const protocol::Gid& gid);
  [[nodiscard]] const Row* row_of(const protocol::Gid& gid) const;
  Row& make_row(const protocol::Gid& gid);

  Context& context_;
  std::unique_ptr<RealLog> real_;
  std::int64_t run_ = 0;
  /// By the number of the transaction; empty where there is no value.
  std::vector<Row> rows_;
  std::int64_t last_id_ = 0;
  std::vector<Pending> pending_;
  /// Writes that failed at their commit and may be found by the next run; until something stands in their place, nobody can read.
  std::vector<Pending> lost_;
  std::uint64_t last_write_ = 0;
  Time latest_;
};

}  // namespace escrow::sim
