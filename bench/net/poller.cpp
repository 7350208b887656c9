#include "bench/net/poller.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace escrow::bench {
namespace {

void control(int epoll, int operation, int descriptor, std::uint32_t events, Ready& waiter) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &waiter;
  if (epoll_ctl(epoll, operation, descriptor, &event) != 0) throw std::system_error(errno, std::system_category(), "epoll_ctl");
}

}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

Poller::~Poller() { close(epoll_); }

void Poller::add(int descriptor, std::uint32_t events, Ready& waiter) { control(epoll_, EPOLL_CTL_ADD, descriptor, events, waiter); }

void Poller::change(int descriptor, std::uint32_t events, Ready& waiter) { control(epoll_, EPOLL_CTL_MOD, descriptor, events, waiter); }

void Poller::at(Clock::time_point when, std::function<void()> action) { timers_.push({when, order_++, std::move(action)}); }

void Poller::fire(Clock::time_point now) {
  while (!timers_.empty() && timers_.top().when <= now) {
    const auto action = timers_.top().action;
    timers_.pop();
    action();
  }
}

int Poller::wait_ms(Clock::time_point now) const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.top().when - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000));
}

void Poller::run() {
  std::array<epoll_event, 256> events;
  while (!stopped_) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms(Clock::now()));
    for (int i = 0; i < count; ++i)
      static_cast<Ready*>(events[static_cast<std::size_t>(i)].data.ptr)->ready(events[static_cast<std::size_t>(i)].events);
    fire(Clock::now());
  }
}

}  // namespace escrow::bench
