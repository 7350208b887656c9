#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <vector>

#include "coordinator/engine/node/input.hpp"
#include "coordinator/engine/node/output.hpp"

namespace escrow::engine::node {

/// An answer that waits for the write under way.
struct PendingAnswer {
  std::uint64_t token = 0;
  Answer answer;
  /// Wait for the end of the transaction, once the write is durable.
  std::optional<core::Time> wait_until;
};

/// A caller that waits for the end of the transaction.
struct Waiter {
  std::uint64_t token = 0;
  bool created = false;
  core::Time until;
};

/// A call in flight. It outlives the transaction's memory: at any moment at most one request per operation is open.
struct OpenCall {
  std::uint64_t call = 0;
  core::OperationRef ref;
};

/// One transaction in memory, and everything that waits for it. While a read or a write of it is under way, inputs queue in `inbox`:
/// so memory is never more than one write ahead of the log, and every answer is given from what is durable.
struct Entry {
  explicit Entry(protocol::Gid name) : gid(std::move(name)) {}

  protocol::Gid gid;
  std::optional<core::Transaction> transaction;
  enum class Busy : std::uint8_t { no, loading, writing } busy = Busy::no;
  /// A write whose outcome the store could not tell: the load under way will.
  bool in_doubt = false;

  /// Changed in memory, lazily to be written; `dirty_since` set.
  std::optional<core::Time> dirty_since;
  std::vector<core::HistoryEvent> history;
  std::vector<PendingAnswer> pending;
  /// The start whose insert is under way, to compare with what is there when it conflicts.
  std::optional<Request> starting;

  /// A list: mostly empty, and then it takes no memory.
  std::list<std::variant<Request, core::Answered>> inbox;
  std::vector<Waiter> waiters;
  std::vector<OpenCall> calls;
  /// Operations that wait for a slot at their destination.
  std::set<core::OperationRef> held_back;
  /// Operations that an operator wants called now, past the breaker.
  bool past_breaker = false;

  /// It has to be read again as soon as the log can be read.
  bool reload = false;
  /// The log was read and holds nothing of it: a start is new work, not a repeat.
  bool absent = false;
  /// The store refuses writes: nothing is driven before this time.
  std::optional<core::Time> paused_until;
  core::Duration pause{0};

  core::Time touched;
  std::optional<core::Time> wakeup;
};

}  // namespace escrow::engine::node
