#include "coordinator/server/overview_json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>

#include "coordinator/server/secrets/payload_mask.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/words.hpp"

namespace escrow::server {
namespace {

using core::Transaction;
using protocol::append_json_string;

void append_time(std::string& out, const std::optional<core::Time>& time) {
  if (!time) {
    out.append("null");
    return;
  }
  out.push_back('"');
  protocol::append_timestamp(out, core::to_ms(*time));
  out.push_back('"');
}

void append_percentiles(std::string& out, const std::optional<engine::Percentiles>& percentiles) {
  if (!percentiles) {
    out.append("null");
    return;
  }
  fmt::format_to(std::back_inserter(out), R"({{"p50":{},"p95":{},"p99":{}}})", percentiles->p50.count(), percentiles->p95.count(),
                 percentiles->p99.count());
}

/// Without its closing brace.
void append_named(std::string& out, const Transaction& transaction) {
  out.append("{\"gid\":");
  append_json_string(out, transaction.gid().text());
  out.append(",\"name\":");
  if (transaction.request->name) {
    append_json_string(out, *transaction.request->name);
  } else {
    out.append("null");
  }
  out.append(",\"status\":\"").append(protocol::to_string(transaction.status)).append("\",\"started_at\":");
  append_time(out, transaction.started_at);
}

struct Raised {
  const core::Attention* attention = nullptr;
  /// Null for a check.
  const protocol::BranchRequest* branch = nullptr;
  protocol::OperationName operation = protocol::OperationName::check;
};

/// What has stood in attention for the longest time.
Raised first_raised(const Transaction& transaction) {
  Raised found;
  const auto look = [&](const core::Operation* operation, const protocol::BranchRequest* branch, protocol::OperationName name) {
    if (operation == nullptr || !operation->attention) return;
    if (found.attention == nullptr || operation->attention->since < found.attention->since) found = {&*operation->attention, branch, name};
  };
  if (transaction.check) look(&*transaction.check, nullptr, protocol::OperationName::check);
  for (const core::Branch& branch : transaction.branches) {
    if (!branch.request) continue;
    for (const protocol::Role role : protocol::all_roles) {
      if (const auto name = protocol::operation_name(branch.request->kind, role)) look(branch.operation(role), branch.request.get(), *name);
    }
  }
  return found;
}

std::string words(const std::string& detail, bool hides_words) { return hides_words ? without_participants_words(detail) : detail; }

void append_attention(std::string& out, const Transaction& transaction, bool hides_words) {
  append_named(out, transaction);
  const Raised raised = first_raised(transaction);
  out.append(",\"since\":");
  append_time(out, raised.attention != nullptr ? std::optional(raised.attention->since) : std::nullopt);
  out.append(",\"branch\":");
  if (raised.branch != nullptr) {
    append_json_string(out, raised.branch->id.text());
  } else {
    out.append("null");
  }
  out.append(",\"operation\":\"").append(protocol::to_string(raised.operation)).append("\",\"reason\":");
  append_json_string(out, raised.attention != nullptr ? words(raised.attention->reason, hides_words) : "");
  out.push_back('}');
}

template <class Value>
void append_column(std::string& out, std::string_view name, const std::vector<engine::node::TrafficStep>& steps, Value value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", name);
  bool first = true;
  for (const auto& step : steps) {
    if (!std::exchange(first, false)) out.push_back(',');
    value(step);
  }
  out.push_back(']');
}

void append_series(std::string& out, const engine::TrafficSummary& traffic) {
  using Step = engine::node::TrafficStep;
  const auto number = [&](std::uint32_t value) { fmt::format_to(std::back_inserter(out), "{}", value); };
  const auto p95 = [&](const engine::node::Durations& durations) {
    const auto time = durations.quantile(0.95);
    out.append(time ? std::to_string(time->count()) : "null");
  };
  fmt::format_to(std::back_inserter(out), R"(,"series":{{"step_ms":{},"until":)", engine::series_step.count());
  append_time(out, traffic.series_until);
  append_column(out, "started", traffic.series, [&](const Step& step) { number(step.started); });
  append_column(out, "committed", traffic.series, [&](const Step& step) { number(step.committed); });
  append_column(out, "aborted", traffic.series, [&](const Step& step) { number(step.aborted); });
  append_column(out, "calls", traffic.series, [&](const Step& step) { number(step.calls.calls); });
  append_column(out, "call_errors", traffic.series, [&](const Step& step) { number(step.calls.errors); });
  append_column(out, "transaction_p95_ms", traffic.series, [&](const Step& step) { p95(step.transactions); });
  append_column(out, "call_p95_ms", traffic.series, [&](const Step& step) { p95(step.calls.took); });
  out.push_back('}');
}

std::int64_t count_of(const store::Counts& counts, protocol::Status status) {
  const auto found = counts.unfinished.find(status);
  return found == counts.unfinished.end() ? 0 : found->second;
}

std::string_view word_of(engine::node::BreakerState state) {
  switch (state) {
    case engine::node::BreakerState::closed: return "closed";
    case engine::node::BreakerState::open: return "open";
    case engine::node::BreakerState::probing: return "probing";
  }
  return "";
}

void append_destination(std::string& out, const engine::Destination& destination, bool hides_words) {
  const auto format = [&](auto text, const auto&... values) { fmt::format_to(std::back_inserter(out), fmt::runtime(text), values...); };
  const auto outcome = [&](core::Outcome::Class kind) { return destination.outcomes.at(static_cast<std::size_t>(kind)); };
  using Class = core::Outcome::Class;
  out.append("{\"destination\":");
  append_json_string(out, destination.name);
  format(R"(,"open":{},"held_back":{},"breaker":{{"state":"{}","failures_in_row":{},"open_until":)", destination.open,
         destination.held_back, word_of(destination.breaker), destination.failures_in_row);
  append_time(out, destination.open_until);
  format(R"(}},"total":{{"calls":{},"errors":{},"succeeded":{},"refused":{},"in_progress":{},"postponed":{},"unknown":{}}})",
         destination.calls, destination.failures, outcome(Class::succeeded), outcome(Class::refused), outcome(Class::in_progress),
         outcome(Class::postponed), outcome(Class::unknown));
  format(R"(,"recent":{{"calls":{},"errors":{},"latency_ms":)", destination.recent.calls, destination.recent.errors);
  append_percentiles(out, engine::percentiles_of(destination.recent.took));
  out.append("},\"last_error\":");
  if (destination.last_error_at) {
    out.append("{\"at\":");
    append_time(out, destination.last_error_at);
    out.append(",\"detail\":");
    append_json_string(out, words(destination.last_error, hides_words));
    out.push_back('}');
  } else {
    out.append("null");
  }
  out.append(",\"last_success_at\":");
  append_time(out, destination.last_success_at);
  out.push_back('}');
}

}  // namespace

std::string overview_json(const engine::Overview& overview, Series series, bool hides_words) {
  std::string out = "{\"at\":";
  const auto format = [&](auto text, const auto&... values) { fmt::format_to(std::back_inserter(out), fmt::runtime(text), values...); };
  append_time(out, overview.at);
  format(R"(,"ready":{},"unfinished":{{"active":{},"committing":{},"aborting":{}}},"attention":{},"oldest":)", overview.is_ready,
         count_of(overview.counts, protocol::Status::active), count_of(overview.counts, protocol::Status::committing),
         count_of(overview.counts, protocol::Status::aborting), overview.counts.attention);
  if (overview.oldest) {
    append_named(out, *overview.oldest);
    out.push_back('}');
  } else {
    out.append("null");
  }
  out.append(",\"oldest_attention\":");
  if (overview.oldest_attention) {
    append_attention(out, *overview.oldest_attention, hides_words);
  } else {
    out.append("null");
  }
  const engine::Rates& rates = overview.traffic.per_second;
  format(R"(,"per_second":{{"started":{:.1f},"committed":{:.1f},"aborted":{:.1f},"calls":{:.1f},"call_errors":{:.1f}}})", rates.started,
         rates.committed, rates.aborted, rates.calls, rates.call_errors);
  format(R"(,"window_ms":{},"transaction_ms":)", engine::overview_window.count());
  append_percentiles(out, overview.traffic.transactions);
  out.append(",\"call_ms\":");
  append_percentiles(out, overview.traffic.calls);
  if (series == Series::with) append_series(out, overview.traffic);
  out.push_back('}');
  return out;
}

std::string destinations_json(const std::vector<engine::Destination>& destinations, bool hides_words) {
  std::string out = fmt::format(R"({{"window_ms":{},"destinations":[)", engine::node::CallTraffic::kept_s * 1'000);
  bool first = true;
  for (const engine::Destination& destination : destinations) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_destination(out, destination, hides_words);
  }
  out.append("]}");
  return out;
}

}  // namespace escrow::server
