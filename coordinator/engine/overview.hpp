#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "coordinator/engine/node/recent.hpp"
#include "coordinator/store/log.hpp"

/// How it goes, for people: `GET /v1/overview` (docs/protocol.md, 3.4).
namespace escrow::engine {

inline constexpr core::Duration overview_window{60'000};
inline constexpr core::Duration series_step{5'000};
inline constexpr std::size_t series_steps = 180;

struct Percentiles {
  core::Duration p50{0};
  core::Duration p95{0};
  core::Duration p99{0};
};
/// Nothing: there was none.
[[nodiscard]] std::optional<Percentiles> percentiles_of(const node::Durations& durations);

struct Rates {
  double started = 0;
  double committed = 0;
  double aborted = 0;
  double calls = 0;
  double call_errors = 0;
};

struct TrafficSummary {
  Rates per_second;
  std::optional<Percentiles> transactions;
  std::optional<Percentiles> calls;
  /// `series_steps` steps of `series_step`, oldest first.
  std::vector<node::TrafficStep> series;
  core::Time series_until;
};
/// Seconds that have passed only: the one that is passing would always look quiet.
[[nodiscard]] TrafficSummary summarize(const node::Traffic& traffic, core::Time now);

struct Overview {
  core::Time at;
  bool is_ready = false;
  store::Counts counts;
  /// Without branches.
  std::optional<core::Transaction> oldest;
  std::optional<core::Transaction> oldest_attention;
  TrafficSummary traffic;
};

}  // namespace escrow::engine
