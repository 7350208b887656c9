#pragma once

#include <memory>

#include "coordinator/core/decision.hpp"
#include "coordinator/core/event.hpp"

/// The one state machine, for every mode: a set of branches with up to three operations each. An event goes in, the transaction changes,
/// and the decision says what the log must hold before anyone may learn of it. Pure: same transaction, event and time, same outcome.
namespace escrow::core {

/// The transaction that a start request begins, and its decision: always accepted and always a barrier, since the initiator is promised
/// an end. A driven message is committed by its start.
struct Begun {
  Transaction transaction;
  Decision decision;
};
[[nodiscard]] Begun begin(std::shared_ptr<const protocol::StartRequest> request, Trace trace, Time now,
                          std::optional<std::string> actor = std::nullopt);

/// Applies an event. On a refusal, and when the reaction is to repeat or to ignore, the transaction is unchanged. The caller owns
/// durability: with `barrier` nothing that depends on the change may leave before it is on disk.
[[nodiscard]] Decision decide(Transaction& transaction, const Event& event, Time now);

}  // namespace escrow::core
