#include "client-sdk/src/initiator/callback_thread.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace escrow {

struct CallbackThread::Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> waiting;
  bool closing = false;
  bool ended = false;

  void run() noexcept {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return closing || !waiting.empty(); });
      if (waiting.empty()) break;
      auto work = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      work();
      // What it captured goes before the lock is taken again: it may hold the last reference to a Client.
      work = nullptr;
      lock.lock();
    }
    ended = true;
  }

  void post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex);
      if (!ended) {
        waiting.push_back(std::move(work));
        changed.notify_one();
        return;
      }
    }
    work();
  }
};

CallbackThread::CallbackThread() : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { queue->run(); }) {}

CallbackThread::~CallbackThread() { close(); }

std::function<void(std::function<void()>)> CallbackThread::poster() const {
  return [queue = queue_](std::function<void()> work) { queue->post(std::move(work)); };
}

void CallbackThread::close() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->closing = true;
    queue_->changed.notify_one();
  }
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // it owns what it needs, and ends with the queue
  } else {
    thread_.join();
  }
}

}  // namespace escrow
