#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "coordinator/core/event.hpp"
#include "tests/fault-injection/sim/participant.hpp"

/// What lies between callers and participants: it loses, delays, repeats and garbles.
namespace escrow::sim {

class Network final : public Caller {
 public:
  Network(Context& context, std::vector<std::unique_ptr<Participant>>& participants);

  /// `done` is called exactly once: with an answer, or with status 0 when none came before `timeout`. `run` 0: the initiator calls.
  void call(std::int64_t run, const WireRequest& request, Duration timeout, Once<core::Outcome> done);

  /// A participant has answered.
  void answered(std::uint64_t call, WireAnswer answer) override;

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
  /// A call that somebody waits for.
  struct Open {
    Identity identity;
    bool is_over = false;
    /// Its answers get lost on the way.
    bool is_deaf = false;
    Once<core::Outcome> done;
  };
  [[nodiscard]] Open& open(std::uint64_t call) { return calls_[call - 1]; }
  void deliver(Duration delay, const WireRequest& request, Reply reply);
  void finish(std::uint64_t call, const WireAnswer& answer);
  void finish_after(Duration delay, std::uint64_t call, WireAnswer answer);

  Context& context_;
  std::vector<std::unique_ptr<Participant>>& participants_;
  std::vector<Outage> outages_;
  /// All calls so far, in the order of their numbers: 1, 2, ...
  std::deque<Open> calls_;
};

/// What must be the same in all attempts of a call: URL, key and payload.
[[nodiscard]] std::uint64_t fingerprint_of(std::string_view url, std::string_view key, std::string_view payload);

/// What an answer means to a coordinator or initiator (docs/protocol.md, section 4).
[[nodiscard]] core::Outcome classify(const WireAnswer& answer, Bug bug);

}  // namespace escrow::sim
