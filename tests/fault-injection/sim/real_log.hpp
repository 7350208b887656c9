#pragma once

#include <memory>

#include "coordinator/engine/node/output.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/memory/log.hpp"

/// The product's own log (the one without a disk) behind the store model: what is written is encoded, kept as rows, and decoded again, so
/// that a mistake in there is as visible as one in the coordinator.
namespace escrow::sim {

class RealLog {
 public:
  RealLog() : disk_(store::make_memory_disk("simulated")) {}

  /// A new run on what is there.
  void begin_run();
  [[nodiscard]] store::WriteAnswer apply(const core::Transaction& value, std::optional<core::Time> due);
  [[nodiscard]] Result<store::Found> load(const protocol::Gid& gid) { return reader_->load(gid); }
  [[nodiscard]] Result<store::DuePage> load_due(const engine::node::DueWanted& wanted) {
    return reader_->load_due(core::to_ms(wanted.until), wanted.limit, wanted.after);
  }
  /// What is stored now; null: nothing that can be read.
  [[nodiscard]] std::shared_ptr<const core::Transaction> stored(const protocol::Gid& gid);

 private:
  std::shared_ptr<store::MemoryDisk> disk_;
  std::unique_ptr<store::Log> log_;
  std::unique_ptr<store::Reader> reader_;
};

}  // namespace escrow::sim
