#include "tests/fault-injection/sim/real_log.hpp"

#include <utility>

#include "protocol/assert.hpp"

namespace escrow::sim {

std::int64_t RealLog::begin_run() {
  // Where power failed, the log was opened again at once.
  if (home_ == nullptr || !log_) open();
  return log_->run();
}

void RealLog::open() {
  reader_.reset();
  log_.reset();
  log_ = home_ != nullptr ? home_->open() : store::open_memory_log(disk_);
  auto reader = log_->open_reader();
  ESCROW_ASSERT(reader.has_value());
  reader_ = std::move(*reader);
}

store::WriteAnswer RealLog::apply(const core::Transaction& value, std::optional<core::Time> due) {
  const auto answer = log_->apply({store::encode_write(value, due, {})}).front().answer;
  if (home_ != nullptr) {
    if (answer == store::WriteAnswer::ok) home_->acknowledged();
    (void)log_->tend();
  }
  return answer;
}

void RealLog::apply_unanswered(const core::Transaction& value, std::optional<core::Time> due) {
  (void)log_->apply({store::encode_write(value, due, {})});
  (void)log_->tend();
}

void RealLog::lose_power() {
  home_->lose_power();
  open();
}

std::shared_ptr<const core::Transaction> RealLog::stored(const protocol::Gid& gid) {
  auto found = reader_->load(gid);
  if (!found || !found->transaction) return nullptr;
  return std::make_shared<const core::Transaction>(std::move(*found->transaction));
}

}  // namespace escrow::sim
