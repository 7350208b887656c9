#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/core/transaction.hpp"

/// What can happen to a transaction. Past tense: an event is a fact, `decide` says what follows from it.
namespace escrow::core {

/// How a call ended, classed by docs/protocol.md, section 4. Unknown is not failure.
struct Outcome {
  enum class Class : std::uint8_t {
    succeeded,
    /// "I did nothing and will not."
    refused,
    /// The participant is still working.
    in_progress,
    /// Refused for now (429, 503 with Retry-After).
    postponed,
    unknown
  };
  Class outcome = Class::unknown;
  /// The HTTP status; 0 where no answer came.
  unsigned status = 0;
  /// One sentence for people, up to 1 KiB, without control characters.
  std::string detail;
  /// Not below what the participant asked for; at most an hour is honoured.
  std::optional<Duration> retry_after;
  std::shared_ptr<const std::string> output;
};

/// Branches that the initiator of an interactive transaction adds; `faults` holds what only the validator of the protocol can say.
struct BranchesRegistered {
  std::vector<std::shared_ptr<const protocol::BranchRequest>> branches;
  std::size_t limit = 1000;
  std::optional<std::string> actor = {};
};
struct CommitRequested {
  std::optional<std::string> actor;
  std::optional<std::string> reason;
};
struct AbortRequested {
  /// `operator_` or `initiator`.
  protocol::AbortCode code = protocol::AbortCode::initiator;
  std::optional<std::string> actor;
  std::optional<std::string> reason;
};
struct Extended {
  std::int64_t timeout_ms = 0;
  std::optional<std::string> actor;
};
/// The clock has reached something that was due: the deadline, attention, nothing at all.
struct TimePassed {};
/// A call of the operation was begun.
struct Called {
  OperationRef ref;
};
/// A call of the operation has ended. `jitter` is uniform in [0, 1), drawn outside.
struct Answered {
  OperationRef ref;
  Outcome outcome;
  double jitter = 0;
};
/// An operator's word for an operation that is owed.
struct Resolved {
  OperationRef ref;
  /// For a pivot and a check false is possible: refused, aborted.
  bool succeeded = true;
  std::string reason;
  std::string actor;
};
struct RetriedNow {
  std::optional<std::string> actor;
  std::optional<std::string> reason = {};
};
/// The transaction was read back from the log: whatever was in memory is lost.
struct Adopted {
  /// It was written by an earlier run of the coordinator.
  bool by_another_run = false;
};

using Event = std::variant<BranchesRegistered, CommitRequested, AbortRequested, Extended, TimePassed, Called, Answered, Resolved,
                           RetriedNow, Adopted>;

}  // namespace escrow::core
