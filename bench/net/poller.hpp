#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace escrow::bench {

using Clock = std::chrono::steady_clock;

/// Whoever waits for a file descriptor.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void ready(std::uint32_t events) = 0;
};

/// epoll and a heap of timers on one thread: all that load generator and participants stand on.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int descriptor, std::uint32_t events, Ready& waiter);
  void change(int descriptor, std::uint32_t events, Ready& waiter);
  /// Closing a descriptor removes it; events of this round that were fetched before still arrive.
  void at(Clock::time_point when, std::function<void()> action);

  /// Runs until `stop` is called.
  void run();
  void stop() { stopped_ = true; }

 private:
  struct Timer {
    Clock::time_point when;
    std::uint64_t order;
    std::function<void()> action;
    bool operator<(const Timer& other) const { return when != other.when ? when > other.when : order > other.order; }
  };

  void fire(Clock::time_point now);
  int wait_ms(Clock::time_point now) const;

  int epoll_;
  bool stopped_ = false;
  std::uint64_t order_ = 0;
  std::priority_queue<Timer> timers_;
};

}  // namespace escrow::bench
