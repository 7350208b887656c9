#pragma once

#include "coordinator/async/task.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace escrow::async {

/// Whether a task ended with this because it, or what it waited on, was cancelled.
[[nodiscard]] bool is_cancellation(const std::exception_ptr& failure);
/// What it says of itself.
[[nodiscard]] std::string describe(const std::exception_ptr& failure);

/// How long `persist` waits before it begins anew: twice as long after each failure that follows soon on another one.
struct Pauses {
  std::chrono::milliseconds first{50};
  std::chrono::milliseconds longest{1'000};
};

/// For work that must go on for as long as its owner does, such as a loop that accepts connections: a TaskGroup keeps the exception that
/// ends a task until somebody joins it, and until then nobody would notice that the task is gone. Runs what `work` makes, and again after
/// each exception that ends it: memory or descriptors may be there again in a moment. Returns when the work does; throws only when it
/// is cancelled. `failed` is told the reason of each failure, and what it throws itself is lost.
///
/// Where not even the pause can be had (no memory at all) the process ends.
Task<> persist(std::function<Task<>()> work, std::function<void(std::string_view why)> failed, Pauses pauses = {});

}  // namespace escrow::async
