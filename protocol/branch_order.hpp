#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "protocol/fault.hpp"
#include "protocol/start_request.hpp"

/// The order that `after` gives to the branches of a transaction: what may stand there, and what the pivot asks of it.
namespace escrow::protocol {

/// Faults of ids that stand more than once; branches whose id could not be read are not compared. Pointers are `base` + index + `/id`.
[[nodiscard]] std::vector<Fault> repeated_ids(std::span<const BranchRequest* const> branches, const std::string& base);

/// Faults in `after` of the branches from `first_new` on: unknown ids, the branch itself, a message branch at either end, cycles.
/// Pointers are `base` + index - first_new + `/after/...`. Linear in branches and edges.
[[nodiscard]] std::vector<Fault> after_faults(std::span<const BranchRequest* const> branches, std::size_t first_new,
                                              const std::string& base);

/// Faults of pivots: more than one, or a forward branch that is neither before nor behind it. Expects `after` without faults.
[[nodiscard]] std::vector<Fault> pivot_faults(std::span<const BranchRequest* const> branches, Order order, const std::string& base);

}  // namespace escrow::protocol
