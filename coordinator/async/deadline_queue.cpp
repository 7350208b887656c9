#include "coordinator/async/deadline_queue.hpp"

#include "protocol/assert.hpp"

#include <utility>

namespace escrow::async {

/// Shared with the timer's handler, which may run once more after the queue is gone.
struct DeadlineQueue::Timer {
  explicit Timer(const Executor& executor) : timer(executor) {}

  async::Timer timer;
  Clock::time_point armed_for = Clock::time_point::max();
  bool pending = false;
  DeadlineQueue* queue = nullptr;
};

Deadline::Deadline(DeadlineQueue& queue, std::function<void()> expired) : queue_(queue), expired_(std::move(expired)) {}

void Deadline::set(Clock::time_point when) {
  if (!is_set()) {
    when_ = when;
    queue_.insert(*this);
    return;
  }
  const bool later = when > when_;
  when_ = when;
  if (later) {
    queue_.sift_down(position_);
  } else {
    queue_.sift_up(position_);
    queue_.wait_for_first();
  }
}

void Deadline::lift() {
  if (is_set()) queue_.remove(*this);
}

DeadlineQueue::DeadlineQueue(const Executor& executor) : timer_(std::make_shared<Timer>(executor)) { timer_->queue = this; }

DeadlineQueue::~DeadlineQueue() {
  for (Deadline* deadline : heap_) deadline->position_ = Deadline::unset;
  timer_->queue = nullptr;
  timer_->timer.cancel();
}

void DeadlineQueue::insert(Deadline& deadline) {
  heap_.push_back(&deadline);
  deadline.position_ = heap_.size() - 1;
  sift_up(deadline.position_);
  wait_for_first();
}

void DeadlineQueue::remove(Deadline& deadline) {
  const std::size_t position = std::exchange(deadline.position_, Deadline::unset);
  ESCROW_ASSERT(position < heap_.size() && heap_[position] == &deadline);
  Deadline* const last = heap_.back();
  heap_.pop_back();
  if (last != &deadline) {
    place(position, last);
    sift_up(position);
    sift_down(last->position_);
  }
  // A timer set for a limit that has been lifted fires once in vain, which is cheaper than moving it every time; only
  // the last one takes it along, so that an idle process sleeps and an io_context runs out of work.
  if (heap_.empty() && timer_->pending) timer_->timer.cancel();
}

void DeadlineQueue::place(std::size_t position, Deadline* deadline) {
  heap_[position] = deadline;
  deadline->position_ = position;
}

void DeadlineQueue::sift_up(std::size_t position) {
  Deadline* const moving = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent]->when_ <= moving->when_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, moving);
}

void DeadlineQueue::sift_down(std::size_t position) {
  Deadline* const moving = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->when_ < heap_[child]->when_) ++child;
    if (moving->when_ <= heap_[child]->when_) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, moving);
}

/// Without memory for the wait no limit would ever strike again, and nobody would be told: the end of the process is better.
void DeadlineQueue::wait_for_first() noexcept {
  if (heap_.empty()) return;
  const Clock::time_point first = heap_.front()->when_;
  if (timer_->pending && timer_->armed_for <= first) return;
  timer_->armed_for = first;
  timer_->pending = true;
  timer_->timer.expires_at(first);  // cancels the wait that was set for later
  timer_->timer.async_wait([timer = timer_, first](const boost::system::error_code&) {
    if (timer->armed_for != first || !timer->pending) return;  // superseded by an earlier limit
    timer->pending = false;
    if (timer->queue != nullptr) timer->queue->expire_due();
  });
}

void DeadlineQueue::expire_due() {
  const std::shared_ptr<Timer> timer = timer_;
  const Clock::time_point now = Clock::now();
  while (!heap_.empty() && heap_.front()->when_ <= now) {
    Deadline& due = *heap_.front();
    due.lift();
    const std::function<void()> expired = due.expired_;  // the call may destroy `due`
    expired();
    if (timer->queue == nullptr) return;
  }
  wait_for_first();
}

}  // namespace escrow::async
