#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/core/event.hpp"
#include "coordinator/store/log.hpp"

/// What can reach a node from outside. Every input is a fact; nothing in a node reads a clock, a socket or a file.
namespace escrow::engine::node {

struct Start {
  std::shared_ptr<const protocol::StartRequest> request;
  core::Trace trace;
  /// Who started it, where requests have a name.
  std::optional<std::string> actor = {};
};
/// Only asks how the transaction stands.
struct Look {};
/// An operator's word, with the operation as the operator names it; nothing: the check.
struct Resolve {
  std::optional<protocol::BranchId> branch;
  protocol::OperationName operation = protocol::OperationName::check;
  bool succeeded = true;
  std::string reason;
  std::string actor;
};

/// Something an initiator or an operator asks; answered exactly once, with the same token.
struct Request {
  std::uint64_t token = 0;
  protocol::Gid gid;
  std::variant<Start, Look, core::BranchesRegistered, core::CommitRequested, core::AbortRequested, core::Extended, Resolve,
               core::RetriedNow>
      body;
  /// The answer may wait for the end of the transaction until then.
  std::optional<core::Time> wait_until;
};

/// The store's answer to a `WriteWanted`.
struct WriteAnswered {
  protocol::Gid gid;
  store::WriteResult result;
};
/// The store's answer to a `LoadWanted`.
struct Loaded {
  protocol::Gid gid;
  Result<store::Found> found;
};
/// The store's answer to a `DueWanted`.
struct DueLoaded {
  Result<store::DuePage> page;
};
struct CallEnded {
  std::uint64_t call = 0;
  core::Outcome outcome;
  /// Uniform in [0, 1), for the back-off.
  double jitter = 0;
};
/// The time that `next_wakeup` named has come (or any other time: harmless).
struct Woken {};
/// Shutdown has begun: new work is refused, waiters are answered, no new call starts.
struct DrainBegun {};
/// What is in memory of this transaction is lost: as after a crash, without one (simulation).
struct Forgotten {
  protocol::Gid gid;
};

using Input = std::variant<Request, WriteAnswered, Loaded, DueLoaded, CallEnded, Woken, DrainBegun, Forgotten>;

}  // namespace escrow::engine::node
