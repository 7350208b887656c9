#include "coordinator/transport/handshake_turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace escrow::transport {

namespace asio = boost::asio;

HandshakeTurns::HandshakeTurns(async::DeadlineQueue& deadlines, async::Executor executor, std::size_t per_s)
    : executor_(std::move(executor)),
      next_(deadlines, [this] { go_on(); }),
      per_s_(static_cast<double>(std::max<std::size_t>(per_s, 1))),
      left_(per_s_),
      counted_at_(async::Clock::now()) {}

bool HandshakeTurns::take(async::Clock::time_point now) {
  left_ = std::min(per_s_, left_ + per_s_ * std::chrono::duration<double>(now - counted_at_).count());
  counted_at_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

void HandshakeTurns::go_on() {
  const auto now = async::Clock::now();
  while (waiting_ > 0 && take(now)) {
    auto queue = queues_.upper_bound(last_);
    if (queue == queues_.end()) queue = queues_.begin();
    last_ = queue->first;
    Turn& turn = *queue->second.front();
    turn.leave();
    turn.has_come_ = true;
    turn.woken_.cancel();
  }
  if (waiting_ == 0) return next_.lift();
  next_.set(now + std::chrono::duration_cast<async::Clock::duration>(std::chrono::duration<double>((1 - left_) / per_s_)));
}

async::Task<bool> HandshakeTurns::Turn::wait(const std::string& neighbourhood) {
  if (turns_.waiting_ == 0 && turns_.take(async::Clock::now())) co_return true;
  neighbourhood_ = neighbourhood;
  std::list<Turn*>& queue = turns_.queues_[neighbourhood_];
  at_ = queue.insert(queue.end(), this);
  ++turns_.waiting_;
  is_waiting_ = true;
  has_come_ = false;
  if (!turns_.next_.is_set()) turns_.go_on();
  // Also when it has come already: then the timer ends at once.
  woken_.expires_at(has_come_ ? async::Clock::time_point::min() : async::Clock::time_point::max());
  static_cast<void>(co_await woken_.async_wait(asio::as_tuple(asio::use_awaitable)));
  // Cancelled by whoever cancels the connection: its place is free again.
  leave();
  co_return has_come_;
}

void HandshakeTurns::Turn::give_up() {
  if (!is_waiting_) return;
  leave();
  woken_.cancel();
}

void HandshakeTurns::Turn::leave() {
  if (!std::exchange(is_waiting_, false)) return;
  const auto queue = turns_.queues_.find(neighbourhood_);
  queue->second.erase(at_);
  if (queue->second.empty()) turns_.queues_.erase(queue);
  --turns_.waiting_;
}

}  // namespace escrow::transport
