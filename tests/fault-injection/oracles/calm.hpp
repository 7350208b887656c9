#pragma once

#include <optional>

#include "tests/fault-injection/oracles/evidence.hpp"

/// The part of a run in which nothing is broken any more: what is promised of times and numbers is promised of that part only.
namespace escrow::oracles {

/// From here on also the consequences of the last fault are over (answers under way, restarts, reads); nothing: the run never got there.
[[nodiscard]] std::optional<core::Time> settled_at(const Evidence& evidence);
/// When the run gave up waiting or had nothing left to do.
[[nodiscard]] std::optional<core::Time> quiet_at(const Evidence& evidence);

/// The retry policy in force for an operation, as its initiator gave it.
[[nodiscard]] const protocol::RetryPolicy& retry_of(const core::Transaction& value, int branch);

}  // namespace escrow::oracles
