#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "bench/load/histogram.hpp"
#include "bench/load/initiator.hpp"

namespace escrow::bench {

/// What one run of a load saw. Everything but `wrong` counts only what ended between warm-up and end.
struct Result {
  std::uint64_t committed = 0, aborted = 0, started = 0, refused = 0;
  std::uint64_t wrong = 0;    ///< over the whole run; a sound run has none
  std::uint64_t dropped = 0;  ///< arrivals of an open loop that found the queue of waiting arrivals full
  std::uint64_t begun = 0;    ///< over the whole run: gids are numbered from 0 to one less
  std::uint64_t unended = 0;  ///< in hand when the time to end had passed
  double seconds = 0;
  Histogram latency;                          ///< of all but the refused; an open loop counts from when the transaction was due
  Histogram served;                           ///< the same, counted from when it was begun: without the generator's own queue
  std::vector<std::uint32_t> ended_per_slot;  ///< what ended well in each tenth of a second, warm-up and what ended late included
  double cpu_s = 0;                           ///< the generator's own

  std::uint64_t ended() const { return committed + aborted + started; }
};

/// Runs clients in a closed loop (each starts its next transaction when the last one ended) or an open one (transactions are due at a
/// fixed rate, whatever happened to the earlier ones: so queueing is seen, and an overloaded coordinator gets no mercy).
class Load : private Initiator::Listener {
 public:
  explicit Load(const Options& options);

  /// Blocks for warm-up, measurement, and until what was begun has ended.
  Result run();

 private:
  void ended(Initiator& initiator, Ending ending) override;
  void start_next(Initiator& initiator, Clock::time_point since);
  void arrive();
  void count(Ending ending, Clock::time_point now, const Initiator& initiator);
  bool may_begin() const { return options_.transactions == 0 || started_ < options_.transactions; }
  std::string next_gid();

  const Options options_;
  Poller poller_;
  std::unique_ptr<Requests> requests_;
  std::vector<std::unique_ptr<Initiator>> initiators_;
  std::vector<Initiator*> idle_;
  std::deque<Clock::time_point> waiting_;
  Clock::time_point begin_, measured_from_, end_;
  std::uint64_t started_ = 0, arrived_ = 0;
  int in_hand_ = 0;
  bool ending_ = false;
  double aborts_owed_ = 0;
  Result result_;
};

}  // namespace escrow::bench
