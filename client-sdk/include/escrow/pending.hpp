#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <escrow/client_error.hpp>

#include "protocol/result.hpp"

namespace escrow {

/// A call that is under way. It goes on when this is thrown away; it always ends, with an error at the latest when its time is up or
/// its Client is destroyed. Take its result in one of three ways, once: `get`, `future` or `then`.
template <class T>
class [[nodiscard]] Pending {
 public:
  using Answer = Result<T, ClientError>;
  using Callback = std::function<void(Answer)>;

  /// Blocks until the result is there.
  [[nodiscard]] Answer get() && {
    std::unique_lock lock(state_->mutex);
    state_->arrived.wait(lock, [this] { return state_->answer.has_value(); });
    return std::move(*state_->answer);
  }

  [[nodiscard]] std::future<Answer> future() && {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    std::move(*this).on_arrival([promise](Answer answer) { promise->set_value(std::move(answer)); }, false);
    return future;
  }

  /// Calls back once, on the Client's callback thread: one callback at a time, which may block, use the Client, or destroy it. An
  /// exception that leaves the callback ends the process.
  void then(Callback callback) && { std::move(*this).on_arrival(std::move(callback), true); }

 private:
  friend class ClientCore;

  /// Runs work on the callback thread.
  using Post = std::function<void(std::function<void()>)>;

  struct State {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<Answer> answer;
    Callback callback;
    bool posted = false;
    Post post;

    void arrive(Answer result) {
      std::unique_lock lock(mutex);
      answer.emplace(std::move(result));
      // Under the lock: the waiter may destroy the state as soon as it sees the answer.
      arrived.notify_all();
      if (callback) run_callback(lock);
    }

    void run_callback(std::unique_lock<std::mutex>& lock) {
      auto call = [callback = std::move(callback), result = std::move(*answer)]() mutable { callback(std::move(result)); };
      const bool through_thread = posted;
      auto where = post;
      lock.unlock();
      if (through_thread) {
        where(std::move(call));
      } else {
        call();
      }
    }
  };

  explicit Pending(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void on_arrival(Callback callback, bool posted) && {
    std::unique_lock lock(state_->mutex);
    state_->callback = std::move(callback);
    state_->posted = posted;
    if (state_->answer) state_->run_callback(lock);
  }

  std::shared_ptr<State> state_;
};

}  // namespace escrow
