#pragma once

#include "coordinator/async/deadline_queue.hpp"
#include "coordinator/async/task.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <string>

namespace escrow::transport {

/// So many TLS handshakes a second and no more: each costs the one thread a signature, and costs whoever asks for it next to nothing. Where
/// more are wanted, turns go round among the places that they come from, so that one place can't keep the others waiting. One thread.
class HandshakeTurns {
 public:
  /// `deadlines` must outlive it. `per_s`, at least 1, may also come at once after a silence.
  HandshakeTurns(async::DeadlineQueue& deadlines, async::Executor executor, std::size_t per_s);

  /// Somebody's place in the queue; it must not outlive the turns.
  class Turn {
   public:
    explicit Turn(HandshakeTurns& turns) : turns_(turns), woken_(turns.executor_) {}
    ~Turn() { give_up(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// True: now. False: given up meanwhile.
    async::Task<bool> wait(const std::string& neighbourhood);
    void give_up();

   private:
    friend class HandshakeTurns;
    void leave();

    HandshakeTurns& turns_;
    async::Timer woken_;
    std::string neighbourhood_;
    std::list<Turn*>::iterator at_{};
    bool is_waiting_ = false;
    bool has_come_ = false;
  };

  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  [[nodiscard]] bool take(async::Clock::time_point now);
  void go_on();

  async::Executor executor_;
  async::Deadline next_;
  const double per_s_;
  double left_;
  async::Clock::time_point counted_at_;
  std::map<std::string, std::list<Turn*>> queues_;
  /// Whose turn was the last one.
  std::string last_;
  std::size_t waiting_ = 0;
};

}  // namespace escrow::transport
