#pragma once

#include <cstddef>
#include <cstdint>

#include "coordinator/core/time.hpp"

namespace escrow::engine::node {

/// What bounds a node. Each is a setting of `escrowd` (docs/settings.md) with the default given here.
struct Settings {
  /// A lazy write is on its way to the disk after this time at the latest.
  core::Duration lazy_flush{20};
  /// New starts are refused (`overloaded`) while this many transactions are unfinished.
  std::int64_t unfinished_transactions = 10'000'000;
  std::size_t branches = 1000;
  /// Calls open to one destination (scheme, host, port) at once.
  std::size_t calls_per_destination = 256;
  /// Consecutive failures after which a destination is given a pause, and the longest such pause.
  std::size_t breaker_failures = 20;
  core::Duration breaker_pause{1000};
  /// A transaction that only waits leaves memory after this time without an event.
  core::Duration keep_idle{2000};
  /// Due transactions are read from the log this long before they are due, in pages of `due_page`.
  core::Duration lookahead{2000};
  std::size_t due_page = 1000;
  /// No further page is read while this many transactions are in memory; what is due waits in the log.
  std::size_t resident_transactions = 100'000;
  /// Pauses of one transaction while the store refuses its writes: from the first to the longest, doubling.
  core::Duration store_pause{100};
  core::Duration store_pause_longest{5000};
};

}  // namespace escrow::engine::node
