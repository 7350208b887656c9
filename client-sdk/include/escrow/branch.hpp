#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/outcome.hpp>

#include "protocol/result.hpp"
#include "protocol/words.hpp"

/// Which operation of which branch of which transaction a request asks for (docs/protocol.md, section 4).
namespace escrow {

using Operation = protocol::OperationName;
using Phase = protocol::Phase;

/// One call of the coordinator, or of an interactive initiator, read from the headers of any HTTP framework.
/// Immutable; copies are independent.
class Branch {
 public:
  /// Answers the value of a header, or nothing; names come in their usual spelling and must be matched without regard to case.
  using HeaderLookup = std::function<std::optional<std::string>(std::string_view name)>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Errc::malformed_call names every fault at once; answer it with `malformed_call_answer`.
  [[nodiscard]] static Result<Branch> from_headers(const HeaderLookup& lookup);
  /// As above; a repeated header of the protocol is a fault, too.
  [[nodiscard]] static Result<Branch> from_headers(const Headers& headers);

  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  /// The branch's id; empty for `check`, which is the initiator's.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] Operation operation() const noexcept { return operation_; }
  /// `forward`: a refusal aborts the transaction. `final`: the call comes again until it succeeds.
  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  /// 1, 2, 3...; a crash of the coordinator may repeat a number.
  [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }
  /// `gid/branch/operation`, the same for every attempt: what to hand on to an outside system that knows such keys.
  [[nodiscard]] const std::string& idempotency_key() const noexcept { return idempotency_key_; }
  /// W3C Trace Context as it came in; empty when absent.
  [[nodiscard]] const std::string& traceparent() const noexcept { return traceparent_; }
  [[nodiscard]] const std::string& tracestate() const noexcept { return tracestate_; }

 private:
  Branch() = default;

  std::string gid_;
  std::string id_;
  Operation operation_ = Operation::action;
  Phase phase_ = Phase::forward;
  std::uint64_t attempt_ = 1;
  std::string idempotency_key_;
  std::string traceparent_;
  std::string tracestate_;
};

/// 400 with a problem document: the coordinator takes it as unknown, so a wrong route is retried and shown, never a silent no.
[[nodiscard]] HttpAnswer malformed_call_answer(const Error& error);

}  // namespace escrow
