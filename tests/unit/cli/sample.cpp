#include "tests/unit/cli/sample.hpp"

#include <stdexcept>

#include "protocol/timestamp.hpp"

namespace escrow::cli::testing {

std::string at(Millis ms) { return protocol::format_timestamp(ten_o_clock + ms); }

json operation(const OperationSample& sample, const std::string& url) {
  return {{"state", sample.state}, {"attempts", sample.attempts},     {"url", url},
          {"output", nullptr},     {"last_error", sample.last_error}, {"next_attempt_at", sample.next_attempt_at},
          {"finished_at", nullptr}};
}

json saga(const std::string& status, const std::vector<OperationSample>& forward, const std::vector<OperationSample>& undo) {
  json out{{"gid", "order-17"},
           {"mode", "saga"},
           {"name", "place-order"},
           {"status", status},
           {"interactive", false},
           {"order", "sequential"},
           {"started_at", at(0)},
           {"updated_at", at(1'000)},
           {"finished_at", nullptr},
           {"deadline_at", at(60'000)},
           {"abort_reason", nullptr},
           {"attention", json::array()},
           {"attributes", {{"customer", "c-42"}}},
           {"check", nullptr},
           {"branches", json::array()}};
  const std::vector<std::string> ids{"order", "payment", "inventory"};
  for (std::size_t i = 0; i < forward.size(); ++i) {
    json branch{{"id", ids.at(i)}, {"kind", "saga"}, {"after", json::array()}, {"pivot", false}, {"payload", nullptr}};
    branch["operations"]["action"] = operation(forward[i]);
    if (i < undo.size()) branch["operations"]["compensate"] = operation(undo[i]);
    out["branches"].push_back(std::move(branch));
  }
  return out;
}

Transaction read(const json& value) {
  auto transaction = read_transaction(value);
  if (!transaction) throw std::runtime_error(transaction.error().what);
  return *std::move(transaction);
}

std::vector<Event> events(const std::vector<EventSample>& samples) {
  std::vector<Event> out;
  for (const EventSample& sample : samples) {
    Event event;
    event.seq = static_cast<std::int64_t>(out.size()) + 1;
    event.at = ten_o_clock + sample.at;
    event.type = sample.type;
    event.branch = sample.branch;
    event.operation = sample.operation;
    if (sample.attempt > 0) event.attempt = sample.attempt;
    if (!sample.detail.empty()) event.detail = sample.detail;
    out.push_back(std::move(event));
  }
  return out;
}

}  // namespace escrow::cli::testing
