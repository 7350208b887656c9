#include "coordinator/server/stream/log_turns.hpp"

#include <algorithm>

namespace escrow::server {

void LogTurns::call_next() {
  if (is_taken_) return;
  const auto next = std::ranges::find_if(places_, &Place::waits);
  if (next == places_.end()) return;
  is_taken_ = true;
  next->called.set();
}

LogTurn::LogTurn(LogTurns& turns) : turns_(turns), place_(turns.places_.emplace(turns.places_.end(), turns.executor_)) {}

LogTurn::~LogTurn() {
  const bool had_turn = place_->called.is_set();
  turns_.places_.erase(place_);
  if (!had_turn) return;
  turns_.is_taken_ = false;
  turns_.call_next();
}

async::Task<bool> LogTurn::come(async::Clock::time_point deadline) {
  // However the wait ends, cancelled too: who does not wait is not called.
  struct Waiting {
    explicit Waiting(LogTurns::Place& place) : place_(place) { place_.waits = true; }
    ~Waiting() { place_.waits = false; }
    LogTurns::Place& place_;
  };
  const Waiting waiting(*place_);
  turns_.call_next();
  co_return co_await place_->called.wait_until(deadline);
}

}  // namespace escrow::server
