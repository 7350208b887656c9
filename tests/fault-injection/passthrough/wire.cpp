#include "tests/fault-injection/passthrough/wire.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::passthrough {
namespace {

using nlohmann::json;
constexpr std::int64_t slack_ms = 3'000;

/// Forward calls of interactive transactions are none of the coordinator's.
using Latest = std::map<int, std::shared_ptr<const core::Transaction>>;
bool is_of_initiator(const sim::Sent& sent, const Latest& latest) {
  const auto known = latest.find(sent.transaction);
  if (known == latest.end() || sent.branch < 0 || static_cast<std::size_t>(sent.branch) >= known->second->branches.size()) return false;
  const core::Branch& branch = known->second->branches[static_cast<std::size_t>(sent.branch)];
  return protocol::role_of(branch.request->kind, sent.operation) == protocol::Role::forward && !branch.forward;
}

/// Writes and calls in one order. In the same millisecond the write stands first: the order may hide a mistake of less than that, and never
/// invents one.
sim::History merged(const Wire& wire, const std::vector<sim::Written>& log, std::int64_t earlier_ms) {
  sim::History history;
  auto write = log.begin();
  std::uint64_t number = 0;
  Latest latest;
  for (const sim::Written& one : log) latest[one.transaction] = one.value;
  for (const Wire::Call& call : wire.calls) {
    const core::Time at = core::from_ms(call.at_ms - earlier_ms);
    for (; write != log.end() && write->at <= at; ++write) history.add(history.written, write->at, *write);
    sim::Sent sent = call.sent;
    sent.call = ++number;
    if (is_of_initiator(sent, latest)) sent.run = 0;
    history.add(history.sent, at, sent);
  }
  return history;
}

}  // namespace

Wire read_wire(const std::string& path) {
  Wire wire;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object() || entry.value("event", "") != "request") continue;
    ++wire.requests;
    if (const std::string note = entry.value("note", ""); !note.empty()) ++wire.struck[note];
    const auto operation = protocol::from_string<protocol::OperationName>(entry.value("operation", ""));
    if (entry.value("link", "") == "api" || !operation) continue;
    Wire::Call call;
    call.at_ms = entry.at("at_ms");
    call.sent.run = 1;
    call.sent.transaction = sim::ordinal_of(entry.value("gid", ""));
    call.sent.branch = entry.value("branch", "").empty() ? -1 : sim::ordinal_of(entry.value("branch", ""));
    call.sent.operation = *operation;
    call.sent.phase = protocol::from_string<protocol::Phase>(entry.value("phase", "forward")).value_or(protocol::Phase::forward);
    call.sent.attempt = entry.value("attempt", std::int64_t{0});
    call.sent.fingerprint = entry.value("fingerprint", std::uint64_t{0});
    call.key = entry.value("gid", "") + "/" + entry.value("branch", "") + "/" + entry.value("operation", "");
    wire.calls.push_back(std::move(call));
  }
  std::ranges::stable_sort(wire.calls, {}, &Wire::Call::at_ms);
  return wire;
}

oracles::Violations judge_wire(const Wire& wire, const std::vector<sim::Written>& log) {
  oracles::Violations violations;
  const std::string too_late = "the abort is durable";
  {
    const sim::History history = merged(wire, log, 0);
    oracles::Violations found;
    oracles::s10_log_before_act(oracles::Evidence(history), found);
    std::ranges::copy_if(found, std::back_inserter(violations), [&](const auto& one) { return !one.what.ends_with(too_late); });
  }
  {
    const sim::History history = merged(wire, log, slack_ms);
    const oracles::Evidence evidence(history);
    oracles::Violations found;
    oracles::s10_log_before_act(evidence, found);
    std::ranges::copy_if(found, std::back_inserter(violations), [&](const auto& one) { return one.what.ends_with(too_late); });
    oracles::s13_no_call_after_the_end(evidence, violations);
  }
  std::map<std::string, std::uint64_t> first;
  for (const Wire::Call& call : wire.calls) {
    const auto [known, is_new] = first.emplace(call.key, call.sent.fingerprint);
    if (!is_new && known->second != call.sent.fingerprint) {
      violations.push_back({"S14", call.sent.transaction, "two attempts of " + call.key + " are different requests"});
    }
  }
  return violations;
}

}  // namespace escrow::passthrough
