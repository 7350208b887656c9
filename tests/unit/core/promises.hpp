#pragma once

#include "coordinator/core/decision.hpp"
#include "coordinator/core/event.hpp"

namespace escrow::tests {

/// Checks (as Catch2 assertions) what must hold of any event, whatever the transaction: a decision is written once, what is refused or
/// has no durability changes nothing, a terminal transaction owes nothing and never changes, no abort past the pivot but by its refusal.
void check_promises(const core::Transaction& before, const core::Event& event, const core::Transaction& after,
                    const core::Decision& decision, core::Time now);

}  // namespace escrow::tests
