#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/core/transaction.hpp"

/// Which branch comes after which. The protocol has checked ids and cycles before anything arrives here.
namespace escrow::core {

/// The branches that must have succeeded before branch `index` is called, by the transaction's order: the one listed before
/// (sequential), none (parallel), those named in `after` (graph). A message branch has no place in the order.
[[nodiscard]] std::vector<std::uint32_t> predecessors_of(const Transaction& transaction, std::uint32_t index);

/// All branches, each after its predecessors. O(branches + edges).
[[nodiscard]] std::vector<std::uint32_t> in_order(const Transaction& transaction);

}  // namespace escrow::core
