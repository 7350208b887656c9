#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "protocol/assert.hpp"
#include "tests/fault-injection/sim/bugs.hpp"
#include "tests/fault-injection/sim/faults.hpp"
#include "tests/fault-injection/sim/history.hpp"
#include "tests/fault-injection/sim/queue.hpp"

namespace escrow::sim {

/// What every part of one simulated world shares.
struct Context {
  Context(std::uint64_t run_seed, Bug planted, Faults known) : seed(run_seed), bug(planted), queue(run_seed), faults(std::move(known)) {}

  std::uint64_t seed;
  Bug bug;
  Queue queue;
  Faults faults;
  History history;
  /// Everything in the world is as usual: settings as they are by default, and enough of everything on the accounts.
  bool is_ordinary = false;
  /// The product's own rows lie behind the log.
  bool has_real_rows = false;
  /// Events in the queue that are somebody's work; the rest is housekeeping.
  std::int64_t work = 0;

  /// What a branch moves (-1: the initiator's own local transaction), as the shape of its transaction says.
  [[nodiscard]] const Movement& movement(int transaction, int branch) const {
    const auto found = std::ranges::find_if(
        history.declared, [&](const Declared& declared) { return declared.transaction == transaction && declared.branch == branch; });
    ESCROW_ASSERT(found != history.declared.end());
    return found->movement;
  }

  [[nodiscard]] Time now() const { return queue.now(); }

  /// Lets something happen that counts as work until it has happened.
  template <class Happen>
  void after(Duration delay, Identity identity, Happen happen) {
    ++work;
    queue.after(delay, identity, [this, happen = std::move(happen)]() mutable {
      --work;
      happen();
    });
  }

  template <class Record>
  void record(std::vector<Record>& records, Record entry) {
    history.add(records, queue.now(), std::move(entry));
  }

  [[nodiscard]] Duration pick(Point point, Identity identity, std::int64_t low_ms, std::int64_t high_ms) {
    return Duration(faults.between(point, identity, low_ms, high_ms));
  }
};

}  // namespace escrow::sim
