#pragma once

#include <vector>

#include "protocol/fault.hpp"
#include "protocol/start_request.hpp"

namespace escrow::protocol {

/// What is wrong with adding branches to an interactive transaction, beyond what each branch's own JSON shows: ids twice in `added`,
/// `after` naming unknown branches, a cycle, mixing a graph with an order. `known` are the branches recorded so far, without those of
/// `added` that are known already; pointers are relative to the array of added branches (`/0/after`). `graph` says whether the
/// transaction is one (the first branch decides; without meaning while `known` is empty).
[[nodiscard]] std::vector<Fault> check_registration(const std::vector<const BranchRequest*>& known,
                                                    const std::vector<const BranchRequest*>& added, bool graph);

}  // namespace escrow::protocol
