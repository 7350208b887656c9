#include "coordinator/server/metrics_text.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>

namespace escrow::server {
namespace {

using protocol::Mode;
using protocol::Status;

/// Writes families one after another: name, help and type once, then the samples.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void sample(std::string_view labels, Number value) {
    fmt::format_to(std::back_inserter(out_), "{}{} {}\n", name_, labels, value);
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample("", value);
  }
  /// `buckets` hold the counts between their bounds; the last one what lies above.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds, std::span<const std::uint64_t> buckets,
                 double sum) {
    family(name, "histogram", help);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      total += buckets[i];
      if (i < bounds.size()) fmt::format_to(std::back_inserter(out_), "{}_bucket{{le=\"{}\"}} {}\n", name, bounds[i], total);
    }
    fmt::format_to(std::back_inserter(out_), "{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", name, total, name, sum, name, total);
  }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
  std::string_view name_;
};

/// Label values may hold anything; these three characters are escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out.append("\\n");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void write_transactions(Page& page, const MetricsSnapshot& snapshot) {
  page.family("escrow_transactions_started_total", "counter", "Transactions started by this process.");
  for (const Mode mode : {Mode::saga, Mode::tcc, Mode::message, Mode::mixed}) {
    const auto found = snapshot.engine.started.find(mode);
    page.sample(fmt::format("{{mode=\"{}\"}}", protocol::to_string(mode)), found == snapshot.engine.started.end() ? 0 : found->second);
  }
  page.family("escrow_transactions_finished_total", "counter", "Transactions that this process brought to their end.");
  for (const Mode mode : {Mode::saga, Mode::tcc, Mode::message, Mode::mixed}) {
    for (const Status status : {Status::committed, Status::aborted}) {
      const auto found = snapshot.engine.finished.find({mode, status});
      page.sample(fmt::format("{{mode=\"{}\",status=\"{}\"}}", protocol::to_string(mode), protocol::to_string(status)),
                  found == snapshot.engine.finished.end() ? 0 : found->second);
    }
  }
  if (snapshot.has_counts) {
    page.family("escrow_transactions_unfinished", "gauge", "Transactions in the log that have not ended.");
    for (const Status status : {Status::active, Status::committing, Status::aborting}) {
      const auto found = snapshot.counts.unfinished.find(status);
      page.sample(fmt::format("{{status=\"{}\"}}", protocol::to_string(status)),
                  found == snapshot.counts.unfinished.end() ? 0 : found->second);
    }
    page.single("escrow_transactions_attention", "gauge", "Transactions that a person should look at.", snapshot.counts.attention);
  }
  page.single("escrow_transactions_resident", "gauge", "Transactions in memory.", snapshot.engine.resident);
  page.single("escrow_transactions_recovered_total", "counter", "Transactions taken over from an earlier run.", snapshot.engine.recovered);
  page.single("escrow_transactions_corrupt_total", "counter", "Rows of the log that could not be read and were parked.",
              snapshot.engine.corrupt);
}

void write_calls(Page& page, const MetricsSnapshot& snapshot) {
  page.family("escrow_calls_total", "counter", "Calls to participants by operation and outcome.");
  for (const auto& [key, count] : snapshot.engine.calls) {
    page.sample(fmt::format("{{operation=\"{}\",outcome=\"{}\"}}", protocol::to_string(key.first), key.second), count);
  }
  page.histogram("escrow_call_duration_seconds", "How long calls to participants take.", engine::call_duration_bounds_s(),
                 snapshot.engine.call_duration_buckets, snapshot.engine.call_duration_sum_s);
  page.single("escrow_calls_open", "gauge", "Calls under way.", snapshot.engine.calls_open);
  page.family("escrow_destination_calls_open", "gauge", "Calls under way by destination.");
  for (const auto& destination : snapshot.destinations)
    page.sample(fmt::format("{{destination=\"{}\"}}", escaped(destination.name)), destination.open);
  page.family("escrow_destination_calls_held_back", "gauge", "Operations that wait for a place at their destination.");
  for (const auto& destination : snapshot.destinations)
    page.sample(fmt::format("{{destination=\"{}\"}}", escaped(destination.name)), destination.held_back);
  page.family("escrow_destination_breaker_open", "gauge", "Whether a destination is given a pause because it fails.");
  for (const auto& destination : snapshot.destinations)
    page.sample(fmt::format("{{destination=\"{}\"}}", escaped(destination.name)),
                destination.breaker == engine::node::BreakerState::open ? 1 : 0);
}

void write_store(Page& page, const store::StoreMetrics& store) {
  page.single("escrow_store_commits_total", "counter", "Commits, each with one fsync.", store.commits);
  page.single("escrow_store_writes_total", "counter", "Writes that became durable.", store.writes);
  page.single("escrow_store_conflicts_total", "counter", "Writes that rested on an old revision.", store.conflicts);
  page.single("escrow_store_refused_total", "counter", "Writes that the store refused.", store.refused);
  page.single("escrow_store_queued_writes", "gauge", "Writes that wait for the next commit.", store.queued);
  page.histogram("escrow_store_write_duration_seconds", "From queueing a write to its being durable.", store::write_duration_bounds_s,
                 store.write_duration_buckets, store.write_duration_sum_s);
}

void write_server(Page& page, const MetricsSnapshot& snapshot) {
  page.family("escrow_http_requests_total", "counter", "Requests answered by resource and status.");
  if (snapshot.http != nullptr) {
    for (const auto& [key, count] : snapshot.http->all())
      page.sample(fmt::format("{{route=\"{}\",status=\"{}\"}}", template_of(key.first), key.second), count);
  }
  page.family("escrow_http_turned_away_total", "counter", "Requests without a principal that may do it, by reason.");
  if (snapshot.turned_away != nullptr) {
    for (const auto& [reason, count] : *snapshot.turned_away) page.sample(fmt::format("{{reason=\"{}\"}}", reason), count);
  }
  page.family("escrow_reloads_total", "counter", "Files of tokens, certificates and secrets read again, by outcome.");
  page.sample("{outcome=\"succeeded\"}", snapshot.reloads_succeeded);
  page.sample("{outcome=\"failed\"}", snapshot.reloads_failed);
  page.single("escrow_http_connections", "gauge", "Open connections of clients.", snapshot.connections);
  page.single("escrow_stream_clients", "gauge", "Readers of the event stream.", snapshot.stream.clients);
  page.single("escrow_stream_events_total", "counter", "Events sent to readers of the event stream, once each reader.",
              snapshot.stream.events);
  page.single("escrow_stream_cut_off_total", "counter", "Readers of the event stream that were cut off because they were too slow.",
              snapshot.stream.cut_off);
  page.single("escrow_log_lines_dropped_total", "counter", "Log lines dropped because standard error took none.",
              snapshot.log_lines_dropped);
  page.single("escrow_ready", "gauge", "Whether new work is accepted.", snapshot.ready ? 1 : 0);
  page.single("escrow_uptime_seconds", "gauge", "Time since the start.", snapshot.uptime_s);
  page.family("escrow_build_info", "gauge", "The version, as a label.");
  page.sample(fmt::format("{{version=\"{}\"}}", escaped(snapshot.version)), 1);
}

}  // namespace

std::string metrics_text(const MetricsSnapshot& snapshot) {
  Page page;
  write_transactions(page, snapshot);
  write_calls(page, snapshot);
  write_store(page, snapshot.store);
  write_server(page, snapshot);
  return std::move(page).take();
}

}  // namespace escrow::server
