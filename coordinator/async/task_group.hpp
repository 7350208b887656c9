#pragma once

#include "coordinator/async/task.hpp"

#include <cstddef>
#include <memory>

namespace escrow::async {

/// Owns every task that it spawns: nothing runs detached. Whoever holds a group cancels it and joins it before what
/// the tasks refer to goes away. Used from the executor's thread only.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  /// The group must be empty (joined) by now; a task left behind is a broken invariant, except while an exception
  /// unwinds the stack: then what is left is cancelled.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on the executor. Returns false, and never runs it, once the group has been cancelled.
  bool spawn(Task<> task);

  /// Asks every task to end: the operation each one awaits fails with operation_aborted, and so does whatever it
  /// awaits after that. No task can be spawned any more.
  void cancel();
  [[nodiscard]] bool cancelled() const;

  /// Tasks that have not ended yet.
  [[nodiscard]] std::size_t size() const;

  /// Returns when no task is left, and rethrows the first exception that one of them ended with
  /// (operation_aborted after a cancellation is a normal end).
  Task<> join();

  /// True: no task is left. False: `deadline` came first. Rethrows like `join`.
  Task<bool> join_until(Clock::time_point deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace escrow::async
