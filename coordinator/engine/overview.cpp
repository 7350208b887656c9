#include "coordinator/engine/overview.hpp"

namespace escrow::engine {
namespace {

constexpr std::int64_t rate_window_s = 10;
constexpr std::int64_t ms_in_s = 1'000;

}  // namespace

std::optional<Percentiles> percentiles_of(const node::Durations& durations) {
  const auto p50 = durations.quantile(0.5);
  const auto p95 = durations.quantile(0.95);
  const auto p99 = durations.quantile(0.99);
  if (!p50 || !p95 || !p99) return std::nullopt;
  return Percentiles{*p50, *p95, *p99};
}

TrafficSummary summarize(const node::Traffic& traffic, core::Time now) {
  const std::int64_t end = node::Traffic::second_of(now);
  TrafficSummary summary;
  const node::TrafficStep lately = traffic.sum(end - rate_window_s, end);
  const auto rate = [](std::uint32_t count) { return static_cast<double>(count) / static_cast<double>(rate_window_s); };
  summary.per_second = {rate(lately.started), rate(lately.committed), rate(lately.aborted), rate(lately.calls.calls),
                        rate(lately.calls.errors)};
  const node::TrafficStep window = traffic.sum(end - overview_window.count() / ms_in_s, end);
  summary.transactions = percentiles_of(window.transactions);
  summary.calls = percentiles_of(window.calls.took);

  constexpr std::int64_t step_s = series_step.count() / ms_in_s;
  constexpr auto steps = static_cast<std::int64_t>(series_steps);
  const std::int64_t until = end - end % step_s;
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t first = until - (steps - step) * step_s;
    summary.series.push_back(traffic.sum(first, first + step_s));
  }
  summary.series_until = core::from_ms(until * ms_in_s);
  return summary;
}

}  // namespace escrow::engine
