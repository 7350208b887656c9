#include "protocol/registration.hpp"

#include <algorithm>

#include "protocol/branch_order.hpp"

namespace escrow::protocol {
namespace {

std::string after_pointer(std::size_t index) { return "/" + std::to_string(index) + "/after"; }

/// Message branches have no place in an order, and so say nothing about it.
bool is_ordered(const BranchRequest* branch) { return branch->kind != Kind::message; }

std::vector<Fault> mixing_faults(const std::vector<const BranchRequest*>& added, bool graph) {
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < added.size(); ++i) {
    if (!is_ordered(added[i]) || added[i]->has_after == graph) continue;
    faults.push_back({after_pointer(i), graph ? "is required: the branches of this transaction form a graph"
                                              : "has no place here: the branches of this transaction form no graph"});
  }
  return faults;
}

}  // namespace

std::vector<Fault> check_registration(const std::vector<const BranchRequest*>& known, const std::vector<const BranchRequest*>& added,
                                      bool graph) {
  std::vector<Fault> faults = repeated_ids(added, "");

  if (std::ranges::none_of(known, is_ordered)) {
    const auto first = std::ranges::find_if(added, is_ordered);
    if (first != added.end()) graph = (*first)->has_after;
  }
  std::ranges::move(mixing_faults(added, graph), std::back_inserter(faults));

  std::vector<const BranchRequest*> all = known;
  all.insert(all.end(), added.begin(), added.end());
  std::ranges::move(after_faults(all, known.size(), ""), std::back_inserter(faults));
  return faults;
}

}  // namespace escrow::protocol
