#include "coordinator/core/order.hpp"

#include <numeric>

#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::core {

using protocol::Kind;
using protocol::Order;

std::vector<std::uint32_t> predecessors_of(const Transaction& transaction, std::uint32_t index) {
  const auto& branches = transaction.branches;
  if (branches[index].request->kind == Kind::message) return {};
  switch (transaction.order) {
    case Order::parallel: return {};
    case Order::sequential:
      if (ESCROW_PLANTED(order_is_lost)) return {};
      for (std::uint32_t before = index; before-- > 0;) {
        if (branches[before].request->kind != Kind::message) return {before};
      }
      return {};
    case Order::graph: {
      std::vector<std::uint32_t> found;
      for (const auto& id : branches[index].request->after) {
        const auto branch = find_branch(transaction, id);
        ESCROW_ASSERT(branch.has_value());
        found.push_back(*branch);
      }
      return found;
    }
  }
  return {};
}

std::vector<std::uint32_t> in_order(const Transaction& transaction) {
  const auto& branches = transaction.branches;
  std::vector<std::uint32_t> order;
  order.reserve(branches.size());
  if (transaction.order != Order::graph) {
    order.resize(branches.size());
    std::iota(order.begin(), order.end(), 0U);
    return order;
  }
  std::vector<std::vector<std::uint32_t>> successors(branches.size());
  std::vector<std::size_t> open(branches.size());
  for (std::uint32_t i = 0; i < branches.size(); ++i) {
    open[i] = branches[i].predecessors.size();
    for (const auto before : branches[i].predecessors) successors[before].push_back(i);
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const auto after : successors[order[next]]) {
      if (--open[after] == 0) order.push_back(after);
    }
  }
  ESCROW_ASSERT(order.size() == branches.size());
  return order;
}

}  // namespace escrow::core
