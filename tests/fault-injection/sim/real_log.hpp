#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "coordinator/engine/node/output.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/memory/log.hpp"

/// The product's own log (the one without a disk, unless a home is given) behind the store model: what is written is encoded, kept as rows,
/// and decoded again, so that a mistake in there is as visible as one in the coordinator.
namespace escrow::sim {

/// Where a log of the product lies that can lose power.
class LogHome {
 public:
  virtual ~LogHome() = default;
  /// Everything that was written until now was answered with ok.
  virtual void acknowledged() = 0;
  /// Power fails at some moment since what was acknowledged; whoever still has the log open holds nothing any more.
  virtual void lose_power() = 0;
  /// What became of a write whose answer power cut off.
  virtual void found(bool is_there) = 0;
  /// A new run on what is there.
  [[nodiscard]] virtual std::unique_ptr<store::Log> open() = 0;
};

class RealLog {
 public:
  /// `home` null: memory.
  explicit RealLog(LogHome* home) : home_(home) {
    if (home_ == nullptr) disk_ = store::make_memory_disk("simulated");
  }

  /// A new run on what is there; answers its number.
  std::int64_t begin_run();
  [[nodiscard]] store::WriteAnswer apply(const core::Transaction& value, std::optional<core::Time> due);

  [[nodiscard]] bool can_lose_power() const { return home_ != nullptr; }
  /// Like `apply`, but power fails before the answer.
  void apply_unanswered(const core::Transaction& value, std::optional<core::Time> due);
  void lose_power();
  void found(bool is_there) { home_->found(is_there); }

  [[nodiscard]] Result<store::Found> load(const protocol::Gid& gid) { return reader_->load(gid); }
  [[nodiscard]] Result<store::DuePage> load_due(const engine::node::DueWanted& wanted) {
    return reader_->load_due(core::to_ms(wanted.until), wanted.limit, wanted.after);
  }
  /// What is stored now; null: nothing that can be read.
  [[nodiscard]] std::shared_ptr<const core::Transaction> stored(const protocol::Gid& gid);

 private:
  void open();

  LogHome* home_;
  std::shared_ptr<store::MemoryDisk> disk_;
  std::unique_ptr<store::Log> log_;
  std::unique_ptr<store::Reader> reader_;
};

}  // namespace escrow::sim
