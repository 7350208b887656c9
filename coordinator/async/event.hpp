#pragma once

#include "coordinator/async/task.hpp"

#include <list>

namespace escrow::async {

/// Something that has happened or not, and coroutines that wait until it has. Used from the executor's thread only.
/// It must outlive its waiters: they hold references to it.
class Event {
 public:
  explicit Event(Executor executor) : executor_(std::move(executor)) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Wakes every waiter; later waits return at once until `reset`.
  void set();
  void reset() { is_set_ = false; }
  [[nodiscard]] bool is_set() const { return is_set_; }

  /// Returns once the event has been set since the wait began, even if it was reset right after.
  /// Throws boost::system::system_error(operation_aborted) when the waiting coroutine is cancelled.
  Task<> wait();

  /// True: set. False: `deadline` came first. Throws like `wait` on cancellation.
  Task<bool> wait_until(Clock::time_point deadline);

 private:
  struct Waiter {
    Timer timer;
    bool woken = false;
  };

  Executor executor_;
  std::list<Waiter> waiters_;
  bool is_set_ = false;
};

}  // namespace escrow::async
