#include "protocol/branch_order.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace escrow::protocol {
namespace {

using Edges = std::vector<std::vector<std::uint32_t>>;

std::unordered_map<std::string_view, std::uint32_t> index_of_ids(std::span<const BranchRequest* const> branches) {
  std::unordered_map<std::string_view, std::uint32_t> out;
  out.reserve(branches.size());
  for (std::uint32_t i = 0; i < branches.size(); ++i) out.emplace(branches[i]->id.text(), i);
  return out;
}

/// For each branch the indexes of the known ones that it comes after, in the order of `after`; others are left out.
Edges predecessors_of(std::span<const BranchRequest* const> branches) {
  const auto index = index_of_ids(branches);
  Edges out(branches.size());
  for (std::size_t i = 0; i < branches.size(); ++i) {
    for (const BranchId& id : branches[i]->after) {
      if (const auto found = index.find(id.text()); found != index.end()) out[i].push_back(found->second);
    }
  }
  return out;
}

/// Branches on a path along `edges` from `start`, itself included.
std::vector<bool> reachable(const Edges& edges, std::uint32_t start) {
  std::vector<bool> seen(edges.size());
  std::vector<std::uint32_t> pending{start};
  seen[start] = true;
  while (!pending.empty()) {
    const std::uint32_t at = pending.back();
    pending.pop_back();
    for (const std::uint32_t next : edges[at]) {
      if (seen[next]) continue;
      seen[next] = true;
      pending.push_back(next);
    }
  }
  return seen;
}

/// Branches on a cycle, each cycle told once, where the search closes it. Without recursion: a chain may be as long as the limit.
std::vector<std::uint32_t> closing_branches(const Edges& predecessors) {
  enum class Mark : std::uint8_t { fresh, open, closed };
  std::vector<Mark> marks(predecessors.size(), Mark::fresh);
  std::vector<std::uint32_t> out;
  std::vector<std::pair<std::uint32_t, std::size_t>> path;
  for (std::uint32_t root = 0; root < predecessors.size(); ++root) {
    if (marks[root] != Mark::fresh) continue;
    marks[root] = Mark::open;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      auto& [at, next] = path.back();
      if (next == predecessors[at].size()) {
        marks[at] = Mark::closed;
        path.pop_back();
        continue;
      }
      const std::uint32_t before = predecessors[at][next++];
      if (before == at) continue;  // told as "itself"
      if (marks[before] == Mark::open) out.push_back(at);
      if (marks[before] != Mark::fresh) continue;
      marks[before] = Mark::open;
      path.emplace_back(before, 0);
    }
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace

std::vector<Fault> repeated_ids(std::span<const BranchRequest* const> branches, const std::string& base) {
  std::vector<Fault> faults;
  std::unordered_map<std::string_view, std::size_t> seen;
  seen.reserve(branches.size());
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const std::string& id = branches[i]->id.text();
    if (id.empty()) continue;
    const auto [first, fresh] = seen.emplace(id, i);
    if (!fresh)
      faults.push_back({base + "/" + std::to_string(i) + "/id", "is the id of " + base + "/" + std::to_string(first->second) + " already"});
  }
  return faults;
}

std::vector<Fault> after_faults(std::span<const BranchRequest* const> branches, std::size_t first_new, const std::string& base) {
  std::vector<Fault> faults;
  const bool has_edges = std::any_of(branches.begin() + static_cast<std::ptrdiff_t>(first_new), branches.end(),
                                     [](const BranchRequest* branch) { return branch->has_after; });
  if (!has_edges) return faults;  // nearly all transactions are lists
  const auto index = index_of_ids(branches);
  const auto pointer = [&](std::size_t branch) { return base + "/" + std::to_string(branch - first_new) + "/after"; };
  for (std::size_t i = first_new; i < branches.size(); ++i) {
    const BranchRequest& branch = *branches[i];
    if (!branch.has_after) continue;
    if (branch.kind == Kind::message) {
      faults.push_back({pointer(i), "a message branch has no place in the order"});
      continue;
    }
    for (std::size_t j = 0; j < branch.after.size(); ++j) {
      const auto found = index.find(branch.after[j].text());
      const std::string place = pointer(i) + "/" + std::to_string(j);
      if (found == index.end()) {
        faults.push_back({place, "no branch has the id " + branch.after[j].text()});
      } else if (found->second == i) {
        faults.push_back({place, "a branch cannot come after itself"});
      } else if (branches[found->second]->kind == Kind::message) {
        faults.push_back({place, "a message branch has no place in the order"});
      }
    }
  }
  for (const std::uint32_t branch : closing_branches(predecessors_of(branches))) {
    if (branch >= first_new) faults.push_back({pointer(branch), "this closes a cycle"});
  }
  return faults;
}

std::vector<Fault> pivot_faults(std::span<const BranchRequest* const> branches, Order order, const std::string& base) {
  std::vector<Fault> faults;
  const auto pivot = std::ranges::find_if(branches, [](const BranchRequest* branch) { return branch->pivot; });
  if (pivot == branches.end()) return faults;
  const auto pivot_index = static_cast<std::uint32_t>(pivot - branches.begin());
  for (std::size_t i = pivot_index + 1; i < branches.size(); ++i) {
    if (branches[i]->pivot)
      faults.push_back({base + "/" + std::to_string(i) + "/pivot", "only one branch may be the pivot; " + (*pivot)->id.text() + " is it"});
  }
  if (order == Order::sequential || !faults.empty()) return faults;

  const Edges predecessors = predecessors_of(branches);
  Edges successors(branches.size());
  for (std::uint32_t i = 0; i < predecessors.size(); ++i) {
    for (const std::uint32_t before : predecessors[i]) successors[before].push_back(i);
  }
  const std::vector<bool> before = reachable(predecessors, pivot_index);
  const std::vector<bool> behind = reachable(successors, pivot_index);
  for (std::size_t i = 0; i < branches.size(); ++i) {
    if (branches[i]->kind == Kind::message || before[i] || behind[i]) continue;
    faults.push_back({base + "/" + std::to_string(i), "must come before or after the pivot " + (*pivot)->id.text()});
  }
  return faults;
}

}  // namespace escrow::protocol
