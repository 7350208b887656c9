#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "coordinator/async/task.hpp"
#include "coordinator/engine/durable_events.hpp"
#include "coordinator/store/log.hpp"

namespace escrow::engine::driver {

/// Brings the store's answers from its thread to the shard's: one errand for all that have come, not one for each.
class Written : public std::enable_shared_from_this<Written> {
 public:
  struct Answer {
    protocol::Gid gid;
    store::WriteResult result;
    /// How many events the write had, and of which types.
    std::size_t events = 0;
    EventTypes types;
  };

  /// `handle` is called on `executor`, in the order of `add`.
  Written(async::Executor executor, std::function<void(Answer)> handle);

  /// From any thread.
  void add(Answer answer);

 private:
  void hand_over();

  const async::Executor executor_;
  const std::function<void(Answer)> handle_;
  std::mutex mutex_;
  std::vector<Answer> answers_;
  bool is_posted_ = false;
};

}  // namespace escrow::engine::driver
