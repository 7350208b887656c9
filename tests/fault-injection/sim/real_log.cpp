#include "tests/fault-injection/sim/real_log.hpp"

#include <utility>

#include "protocol/assert.hpp"

namespace escrow::sim {

void RealLog::begin_run() {
  log_ = store::open_memory_log(disk_);
  auto reader = log_->open_reader();
  ESCROW_ASSERT(reader.has_value());
  reader_ = std::move(*reader);
}

store::WriteAnswer RealLog::apply(const core::Transaction& value, std::optional<core::Time> due) {
  return log_->apply({store::encode_write(value, due, {})}).front().answer;
}

std::shared_ptr<const core::Transaction> RealLog::stored(const protocol::Gid& gid) {
  auto found = reader_->load(gid);
  if (!found || !found->transaction) return nullptr;
  return std::make_shared<const core::Transaction>(std::move(*found->transaction));
}

}  // namespace escrow::sim
