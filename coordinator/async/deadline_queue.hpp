#pragma once

#include "coordinator/async/task.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace escrow::async {

class DeadlineQueue;

/// A time limit that can be set and lifted again for every message at almost no cost (two moves in a heap, no
/// allocation, no system call). It lives inside what it limits, and lifts itself when destroyed.
class Deadline {
 public:
  /// `expired` is called on the executor's thread when the limit passes; it must not throw. It may destroy this object.
  Deadline(DeadlineQueue& queue, std::function<void()> expired);
  ~Deadline() { lift(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// Sets the limit, in place of an earlier one.
  void set(Clock::time_point when);
  void lift();
  [[nodiscard]] bool is_set() const { return position_ != unset; }

 private:
  friend class DeadlineQueue;
  static constexpr std::size_t unset = static_cast<std::size_t>(-1);

  DeadlineQueue& queue_;
  std::function<void()> expired_;
  Clock::time_point when_;
  std::size_t position_ = unset;
};

/// All the deadlines of a server or client behind a single timer: a steady_timer per message costs as much as parsing
/// it. Used from the executor's thread only; must outlive its deadlines. No timer is pending while no limit is set.
class DeadlineQueue {
 public:
  explicit DeadlineQueue(const Executor& executor);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  friend class Deadline;
  struct Timer;

  void insert(Deadline& deadline);
  void remove(Deadline& deadline);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  void place(std::size_t position, Deadline* deadline);
  void wait_for_first() noexcept;
  void expire_due();

  std::vector<Deadline*> heap_;
  std::shared_ptr<Timer> timer_;
};

}  // namespace escrow::async
