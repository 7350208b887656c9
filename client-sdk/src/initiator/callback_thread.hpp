#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace escrow {

/// Runs users' callbacks, one at a time in the order they came, so that a callback may block without holding up the network.
class CallbackThread {
 public:
  CallbackThread();
  /// As `close`.
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  /// What hands work to the thread; usable after the thread has ended, when the work is done by whoever hands it over.
  [[nodiscard]] std::function<void(std::function<void()>)> poster() const;

  /// Returns when everything posted has run. Called from a callback it returns at once, and the rest runs after that callback.
  void close();

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace escrow
