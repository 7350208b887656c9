#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "coordinator/engine/node/output.hpp"
#include "coordinator/store/log.hpp"

namespace escrow::tests {

/// A write as the node wanted it, copied while it was valid.
struct WantedWrite {
  core::Transaction transaction;
  std::optional<core::Time> due_at;
  std::vector<core::HistoryEvent> history;
  bool is_new_work = false;
};

/// What a log on a disk does, in memory: conditional writes, pages of what is due, tombstones, rows that cannot be read. It asserts what no
/// node may ask of it: a write to a terminal transaction, a revision out of turn.
class FakeLog {
 public:
  std::int64_t run = 1;
  std::set<std::string> retired;
  std::set<std::string> corrupt;

  /// ok or conflict.
  store::WriteAnswer apply(const WantedWrite& write);
  [[nodiscard]] store::Found load(const protocol::Gid& gid) const;
  [[nodiscard]] store::DuePage due(const engine::node::DueWanted& wanted) const;
  /// Null: no such row.
  [[nodiscard]] const core::Transaction* find(const protocol::Gid& gid) const;
  [[nodiscard]] std::int64_t unfinished() const;
  [[nodiscard]] const std::vector<core::HistoryEvent>& history(const protocol::Gid& gid) { return history_[gid.text()]; }
  /// Puts a row there as an earlier run would have left it.
  void put(core::Transaction transaction, std::optional<core::Time> due_at);

 private:
  struct Row {
    std::int64_t id = 0;
    core::Transaction transaction;
    std::optional<std::int64_t> due_at_ms;
  };
  std::map<std::string, Row> rows_;
  std::map<std::string, std::vector<core::HistoryEvent>> history_;
  std::int64_t last_id_ = 0;
};

}  // namespace escrow::tests
