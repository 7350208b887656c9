#pragma once

#include <cstdint>

namespace escrow::server::auth {

/// What one principal may use. 0: no limit. Those who may operate have none.
struct Limits {
  /// Requests that start or look; never decisions, registrations, or what operators ask.
  std::int64_t rate_per_s = 0;
  /// Requests at once after a silence; 0: as many as in two seconds.
  std::int64_t burst = 0;
  std::int64_t unfinished_transactions = 0;
  std::int64_t stream_clients = 0;

  bool operator==(const Limits&) const = default;
};

}  // namespace escrow::server::auth
