#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/load/requests.hpp"

namespace escrow::bench {

/// One client of the coordinator: runs transactions one after another over its own connections.
class Initiator {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// May start the next transaction of `initiator` from inside.
    virtual void ended(Initiator& initiator, Ending ending) = 0;
  };

  Initiator(Poller& poller, const Options& options, const Requests& requests, Listener& listener);

  /// One at a time. `aborts`: this transaction is to end aborted.
  void start(std::string gid, bool aborts, Clock::time_point since);
  /// When the transaction in hand was due.
  Clock::time_point since() const { return since_; }
  /// When it was really begun: later, where an open loop had no idle client.
  Clock::time_point begun() const { return begun_; }

 private:
  void answered(const Message* message);
  void next();
  void finish(Ending ending) { listener_.ended(*this, ending); }

  const Options& options_;
  const Requests& requests_;
  Listener& listener_;
  Exchange coordinator_;
  std::vector<std::unique_ptr<Exchange>> participants_;
  std::string gid_;
  bool aborts_ = false;
  int step_ = 0;
  Clock::time_point since_, begun_;
};

}  // namespace escrow::bench
