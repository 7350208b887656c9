#include "coordinator/server/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace escrow::server {
namespace {

/// For the log, its readers, timers, standard streams, and libraries.
constexpr std::uint64_t reserved = 100;

}  // namespace

void fit_descriptors(Config& config, std::uint64_t descriptors) {
  const std::uint64_t usable = descriptors > 2 * reserved ? descriptors - reserved : descriptors / 2;
  // Clients get two thirds at most: without calls to participants no client is served either.
  config.http.connections = std::min<std::uint64_t>(config.http.connections, std::max<std::uint64_t>(usable * 2 / 3, 1));
  config.engine.calls_per_destination =
      std::min<std::uint64_t>(config.engine.calls_per_destination, std::max<std::uint64_t>(usable / 6, 1));
  config.calls.idle_total = std::min<std::uint64_t>(config.calls.idle_total, std::max<std::uint64_t>(usable / 6, 1));
}

void fit_descriptor_limit(Config& config, Logger& logger) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur == RLIM_INFINITY) return;
  const Config wanted = config;
  fit_descriptors(config, limit.rlim_cur);
  if (config.http.connections == wanted.http.connections && config.engine.calls_per_destination == wanted.engine.calls_per_destination)
    return;
  logger.warning("limits lowered to fit the descriptors",
                 {{"descriptors", static_cast<std::int64_t>(limit.rlim_cur)},
                  {"limits.connections", static_cast<std::int64_t>(config.http.connections)},
                  {"limits.calls_per_destination", static_cast<std::int64_t>(config.engine.calls_per_destination)}});
}

}  // namespace escrow::server
