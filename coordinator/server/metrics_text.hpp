#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/engine/engine.hpp"
#include "coordinator/server/http_counters.hpp"
#include "coordinator/server/stream/event_stream.hpp"
#include "coordinator/store/store.hpp"

/// `GET /metrics`: Prometheus text exposition 0.0.4, with Prometheus's naming conventions (docs/protocol.md, 3.5).
namespace escrow::server {

/// Everything the page shows, taken at one moment.
struct MetricsSnapshot {
  std::string_view version;
  engine::EngineMetrics engine;
  std::vector<engine::Destination> destinations;
  store::Counts counts;
  /// Whether `counts` could be read; if not, their gauges are left out rather than told as zero.
  bool has_counts = false;
  store::StoreMetrics store;
  const HttpCounters* http = nullptr;
  /// Requests that were turned away, by reason.
  const std::map<std::string_view, std::uint64_t>* turned_away = nullptr;
  std::uint64_t connections = 0;
  /// Files read again, with and without success.
  std::uint64_t reloads_succeeded = 0;
  std::uint64_t reloads_failed = 0;
  StreamMetrics stream;
  std::uint64_t log_lines_dropped = 0;
  bool ready = false;
  double uptime_s = 0;
};

[[nodiscard]] std::string metrics_text(const MetricsSnapshot& snapshot);

}  // namespace escrow::server
