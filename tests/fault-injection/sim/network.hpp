#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "coordinator/core/event.hpp"
#include "tests/fault-injection/sim/participant.hpp"

/// What lies between callers and participants: it loses, delays, repeats and garbles.
namespace escrow::sim {

class Network {
 public:
  Network(Context& context, std::vector<std::unique_ptr<Participant>>& participants);

  /// `done` is called exactly once: with an answer, or with status 0 when none came before `timeout`. `run` 0: the initiator calls.
  void call(std::int64_t run, WireRequest request, Duration timeout, std::function<void(core::Outcome)> done);

 private:
  /// A time in which one service cannot be reached.
  struct Outage {
    int service = 0;
    Time from;
    Time to;
    /// Requests are swallowed, rather than refused at once.
    bool is_silent = false;
    /// Requests arrive and only answers are lost.
    bool one_way = false;
  };
  [[nodiscard]] const Outage* outage(int service) const;
  void deliver(Duration delay, const WireRequest& request, std::function<void(WireAnswer)> reply);

  Context& context_;
  std::vector<std::unique_ptr<Participant>>& participants_;
  std::vector<Outage> outages_;
  std::uint64_t last_call_ = 0;
};

/// What an answer means to a coordinator or initiator (docs/protocol.md, section 4).
[[nodiscard]] core::Outcome classify(const WireAnswer& answer, Bug bug);

}  // namespace escrow::sim
