#include <escrow/branch.hpp>

#include <array>
#include <charconv>

#include <escrow/error.hpp>

#include "client-sdk/src/participant/problem.hpp"
#include "protocol/headers.hpp"
#include "protocol/names.hpp"

namespace escrow {
namespace {

constexpr std::array once_only{protocol::header_gid,        protocol::header_branch,  protocol::header_operation,
                               protocol::header_phase,      protocol::header_attempt, protocol::header_idempotency_key,
                               protocol::header_traceparent};

std::optional<std::uint64_t> parse_attempt(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

/// Collects every fault, so that whoever writes a caller sees them all at once.
class Faults {
 public:
  void add(std::string_view header, std::string_view what) {
    if (!text_.empty()) text_ += "; ";
    text_.append(header).append(": ").append(what);
  }
  [[nodiscard]] bool none() const { return text_.empty(); }
  [[nodiscard]] Error to_error() const { return make_error(Errc::malformed_call, text_); }

 private:
  std::string text_;
};

}  // namespace

Result<Branch> Branch::from_headers(const HeaderLookup& lookup) {
  Faults faults;
  const auto required = [&](std::string_view name) -> std::optional<std::string> {
    auto value = lookup(name);
    if (!value) faults.add(name, "missing");
    return value;
  };

  Branch branch;
  std::optional<Operation> operation;
  if (auto gid = required(protocol::header_gid)) {
    if (!protocol::Gid::parse(*gid)) faults.add(protocol::header_gid, "not a gid");
    branch.gid_ = std::move(*gid);
  }
  if (auto word = required(protocol::header_operation)) {
    operation = protocol::from_string<Operation>(*word);
    if (!operation) faults.add(protocol::header_operation, "not an operation");
  }
  if (operation) branch.operation_ = *operation;

  if (operation == Operation::check) {
    // A check is owed by the initiator, and it is no one's to retry in another phase.
    branch.phase_ = Phase::final;
    if (!lookup(protocol::header_branch).value_or(std::string()).empty()) faults.add(protocol::header_branch, "a check has none");
  } else {
    if (auto id = required(protocol::header_branch)) {
      if (!protocol::BranchId::parse(*id)) faults.add(protocol::header_branch, "not a branch id");
      branch.id_ = std::move(*id);
    }
    if (auto word = required(protocol::header_phase)) {
      const auto phase = protocol::from_string<Phase>(*word);
      if (!phase) faults.add(protocol::header_phase, "neither forward nor final");
      if (phase) branch.phase_ = *phase;
    }
  }

  if (auto text = lookup(protocol::header_attempt)) {
    const auto attempt = parse_attempt(*text);
    if (!attempt) faults.add(protocol::header_attempt, "not a number from 1");
    if (attempt) branch.attempt_ = *attempt;
  }
  branch.idempotency_key_ = protocol::idempotency_key(branch.gid_, branch.id_, branch.operation_);
  if (auto key = lookup(protocol::header_idempotency_key); key && faults.none() && *key != branch.idempotency_key_) {
    faults.add(protocol::header_idempotency_key, "belongs to another operation");
  }
  branch.traceparent_ = lookup(protocol::header_traceparent).value_or(std::string());
  branch.tracestate_ = lookup(protocol::header_tracestate).value_or(std::string());

  if (!faults.none()) return faults.to_error();
  return branch;
}

Result<Branch> Branch::from_headers(const Headers& headers) {
  Faults repeated;
  for (const std::string_view name : once_only) {
    int count = 0;
    for (const auto& header : headers) count += protocol::equal_header_names(header.first, name) ? 1 : 0;
    if (count > 1) repeated.add(name, "given more than once");
  }
  if (!repeated.none()) return repeated.to_error();

  return from_headers([&headers](std::string_view name) -> std::optional<std::string> {
    for (const auto& [header, value] : headers) {
      if (protocol::equal_header_names(header, name)) return value;
    }
    return std::nullopt;
  });
}

HttpAnswer malformed_call_answer(const Error& error) {
  return participant::problem(400, "malformed_request", "Not a call of the coordinator", error.detail);
}

}  // namespace escrow
