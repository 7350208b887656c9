#pragma once

#include <list>

#include "coordinator/async/event.hpp"
#include "coordinator/async/task.hpp"

/// Readers that catch up read the log one at a time, first come first served: however many come back at once, the engine's own reads wait
/// for one of theirs at most, and none of them overtakes another. On one executor.
namespace escrow::server {

class LogTurns {
 public:
  explicit LogTurns(async::Executor executor) : executor_(std::move(executor)) {}
  LogTurns(const LogTurns&) = delete;
  LogTurns& operator=(const LogTurns&) = delete;

 private:
  friend class LogTurn;
  struct Place {
    explicit Place(const async::Executor& executor) : called(executor) {}
    async::Event called;
    /// Whether it waits just now: one that has something else to do is passed over, and keeps its place.
    bool waits = false;
  };

  void call_next();

  async::Executor executor_;
  std::list<Place> places_;
  bool is_taken_ = false;
};

/// A place in the queue, then the turn itself; given up with the object.
class LogTurn {
 public:
  /// Takes the last place.
  explicit LogTurn(LogTurns& turns);
  ~LogTurn();
  LogTurn(const LogTurn&) = delete;
  LogTurn& operator=(const LogTurn&) = delete;

  /// True: it is our turn now, until the object goes. False: `deadline` came first; the place is kept.
  async::Task<bool> come(async::Clock::time_point deadline);

 private:
  LogTurns& turns_;
  std::list<LogTurns::Place>::iterator place_;
};

}  // namespace escrow::server
