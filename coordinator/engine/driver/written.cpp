#include "coordinator/engine/driver/written.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace escrow::engine::driver {

Written::Written(async::Executor executor, std::function<void(Answer)> handle)
    : executor_(std::move(executor)), handle_(std::move(handle)) {}

void Written::add(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    if (std::exchange(is_posted_, true)) return;
  }
  boost::asio::post(executor_, [self = shared_from_this()] { self->hand_over(); });
}

void Written::hand_over() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
    is_posted_ = false;
  }
  for (Answer& answer : answers) handle_(std::move(answer));
}

}  // namespace escrow::engine::driver
