#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/engine/node/output.hpp"
#include "tests/fault-injection/sim/context.hpp"
#include "tests/fault-injection/sim/real_log.hpp"

/// The log as a model: what the contract of store/log.hpp promises, with every answer it may give, and no disk. In one run of 64 the
/// product's own rows lie behind it.
namespace escrow::sim {

class StoreModel {
 public:
  explicit StoreModel(Context& context);

  using WriteDone = std::function<void(store::WriteResult)>;
  /// Takes a write in; it becomes durable later, or not, and the answer comes later still.
  void write(const engine::node::WriteWanted& wanted, WriteDone done);
  /// Reads after a while, what is durable then.
  void load(const protocol::Gid& gid, std::function<void(Result<store::Found>)> done);
  void load_due(const engine::node::DueWanted& wanted, std::function<void(Result<store::DuePage>)> done);

  /// The process has ended: each write in flight has been applied or has not.
  void crash(bool keeps_writes);
  /// A new run of the coordinator; answers its number.
  std::int64_t begin_run();
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
    std::shared_ptr<const core::Transaction> value;
    std::optional<Time> due;
    bool applied = false;
  };

  [[nodiscard]] store::WriteAnswer apply(const Pending& pending);
  void put(const std::string& gid, std::shared_ptr<const core::Transaction> value, std::optional<Time> due);
  void set_due(const std::string& gid, Row& row, std::optional<Time> due);

  Context& context_;
  std::unique_ptr<RealLog> real_;
  std::int64_t run_ = 0;
  std::map<std::string, Row> rows_;
  /// By time and row id.
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> due_;
  std::int64_t last_id_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_write_ = 0;
  std::int64_t last_seq_ = 0;
  Time latest_;
};

}  // namespace escrow::sim
