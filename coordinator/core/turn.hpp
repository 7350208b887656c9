#pragma once

#include <optional>
#include <vector>

#include "coordinator/core/transaction.hpp"

/// Whose turn it is: which operations of a transaction may be called now, and when it has to be looked at again.
namespace escrow::core {

/// The operations whose turn has come and that are not settled, whether called already or not. O(branches + edges).
[[nodiscard]] std::vector<OperationRef> turns(const Transaction& transaction);

/// Those of them that may be called at `now`: neither being called nor backing off beyond it.
[[nodiscard]] std::vector<OperationRef> ready(const Transaction& transaction, Time now);
/// Whether there is any, and whether this is one.
[[nodiscard]] bool has_ready(const Transaction& transaction, Time now);
[[nodiscard]] bool is_ready(const Transaction& transaction, OperationRef ref, Time now);

/// Those of them whose attention is due at `now` although no call is made.
[[nodiscard]] std::vector<OperationRef> attention_due(const Transaction& transaction, Time now);

/// When the transaction must be looked at again if nothing else happens: nothing for a terminal one; `updated_at` where a call is owed
/// at once or is being made, so that recovery finds it.
[[nodiscard]] std::optional<Time> due_at(const Transaction& transaction);

/// The next time at which the clock alone changes something: a back-off ends, attention or the deadline is due. Calls that are owed or
/// being made do not count.
[[nodiscard]] std::optional<Time> next_timer(const Transaction& transaction, Time now);

/// Whether the timeout can still abort.
[[nodiscard]] bool deadline_has_power(const Transaction& transaction);

/// forward: a refusal aborts, the pivot's too; final: called until it succeeds.
[[nodiscard]] protocol::Phase phase_of(const Transaction& transaction, OperationRef ref);

/// Whether the forward operation of this branch has nothing left to wait for before it.
[[nodiscard]] bool predecessors_succeeded(const Transaction& transaction, std::uint32_t branch);

/// The operations with an open call.
[[nodiscard]] std::vector<OperationRef> being_called(const Transaction& transaction);
/// Whether any call of the transaction is open.
[[nodiscard]] bool is_calling(const Transaction& transaction);
/// Whether any operation is in attention.
[[nodiscard]] bool has_attention(const Transaction& transaction);

}  // namespace escrow::core
