#include "coordinator/async/task_group.hpp"

#include "coordinator/async/event.hpp"
#include "coordinator/async/persist.hpp"
#include "protocol/assert.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <list>
#include <utility>

namespace escrow::async {

struct TaskGroup::State {
  explicit State(Executor on) : executor(on), emptied(on) { emptied.set(); }

  Executor executor;
  std::list<boost::asio::cancellation_signal> running;
  Event emptied;
  std::exception_ptr first_failure;
  bool cancelled = false;

  void rethrow_failure() {
    if (first_failure) std::rethrow_exception(std::exchange(first_failure, nullptr));
  }
};

namespace {

/// The completion of one task. Leaves the list when it is destroyed: a handler that is dropped with its io_context is
/// never called, and must not be waited for.
template <class State>
class Completion {
 public:
  Completion(std::shared_ptr<State> state, typename std::list<boost::asio::cancellation_signal>::iterator entry)
      : state_(std::move(state)), entry_(entry) {}
  Completion(Completion&& other) noexcept : state_(std::move(other.state_)), entry_(other.entry_) {}
  Completion& operator=(Completion&&) = delete;
  ~Completion() {
    if (state_) leave();
  }

  void operator()(const std::exception_ptr& failure) {
    if (failure && !state_->first_failure && !(state_->cancelled && is_cancellation(failure))) {
      state_->first_failure = failure;
    }
    leave();
  }

 private:
  void leave() {
    const std::shared_ptr<State> state = std::move(state_);
    state->running.erase(entry_);
    if (state->running.empty()) state->emptied.set();
  }

  std::shared_ptr<State> state_;
  typename std::list<boost::asio::cancellation_signal>::iterator entry_;
};

}  // namespace

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
  ESCROW_ASSERT(state_->running.empty() || std::uncaught_exceptions() > 0);
  cancel();
}

bool TaskGroup::spawn(Task<> task) {
  if (state_->cancelled) return false;
  const auto entry = state_->running.emplace(state_->running.end());
  state_->emptied.reset();
  boost::asio::co_spawn(state_->executor, std::move(task),
                        boost::asio::bind_cancellation_slot(entry->slot(), Completion<State>(state_, entry)));
  return true;
}

void TaskGroup::cancel() {
  state_->cancelled = true;
  // Emitting may complete nothing on the spot: every operation posts its completion, so the list stays as it is.
  for (auto& signal : state_->running) signal.emit(boost::asio::cancellation_type::terminal);
}

bool TaskGroup::cancelled() const { return state_->cancelled; }

std::size_t TaskGroup::size() const { return state_->running.size(); }

Task<> TaskGroup::join() {
  const auto state = state_;
  while (!state->running.empty()) co_await state->emptied.wait();
  state->rethrow_failure();
}

Task<bool> TaskGroup::join_until(Clock::time_point deadline) {
  const auto state = state_;
  while (!state->running.empty()) {
    if (!co_await state->emptied.wait_until(deadline) && !state->running.empty()) co_return false;
  }
  state->rethrow_failure();
  co_return true;
}

}  // namespace escrow::async
