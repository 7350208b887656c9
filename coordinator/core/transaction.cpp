#include "coordinator/core/transaction.hpp"

#include <algorithm>

#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::core {

using protocol::OperationName;
using protocol::Role;

const Operation* Branch::operation(Role role) const {
  const auto& slot = role == Role::forward ? forward : role == Role::confirm ? confirm : undo;
  return slot ? &*slot : nullptr;
}

Operation* Branch::operation(Role role) { return const_cast<Operation*>(static_cast<const Branch&>(*this).operation(role)); }

const Operation* find_operation(const Transaction& transaction, OperationRef ref) {
  if (ref.role == Role::check) return transaction.check ? &*transaction.check : nullptr;
  if (ref.branch >= transaction.branches.size()) return nullptr;
  return transaction.branches[ref.branch].operation(ref.role);
}

Operation* find_operation(Transaction& transaction, OperationRef ref) {
  return const_cast<Operation*>(find_operation(static_cast<const Transaction&>(transaction), ref));
}

OperationName name_of(const Transaction& transaction, OperationRef ref) {
  if (ref.role == Role::check) return OperationName::check;
  const auto name = protocol::operation_name(transaction.branches.at(ref.branch).request->kind, ref.role);
  ESCROW_ASSERT(name.has_value());
  return *name;
}

std::optional<std::uint32_t> find_branch(const Transaction& transaction, const protocol::BranchId& id) {
  const auto found = std::ranges::find_if(transaction.branches, [&](const Branch& branch) { return branch.request->id == id; });
  if (found == transaction.branches.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - transaction.branches.begin());
}

std::optional<std::uint32_t> pivot_of(const Transaction& transaction) {
  const auto found = std::ranges::find_if(transaction.branches, [](const Branch& branch) { return branch.request->pivot; });
  if (found == transaction.branches.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - transaction.branches.begin());
}

const protocol::RetryPolicy& retry_of(const Transaction& transaction, OperationRef ref) {
  return ref.role == Role::check ? transaction.request->retry : transaction.branches.at(ref.branch).request->retry;
}

std::int64_t request_timeout_ms_of(const Transaction& transaction, OperationRef ref) {
  return ref.role == Role::check ? transaction.request->request_timeout_ms
                                 : transaction.branches.at(ref.branch).request->request_timeout_ms;
}

const std::string& url_of(const Transaction& transaction, OperationRef ref) {
  if (ref.role == Role::check) return *transaction.request->check;
  const protocol::BranchRequest& request = *transaction.branches.at(ref.branch).request;
  if (ESCROW_PLANTED(confirm_goes_to_undo_url) && ref.role == Role::confirm && !request.undo_url.empty()) return request.undo_url;
  const std::size_t other = transaction.branches.size() - 1 - ref.branch;
  if (ESCROW_PLANTED(urls_are_swapped) && !transaction.branches[other].request->url(ref.role).empty())
    return transaction.branches[other].request->url(ref.role);
  return request.url(ref.role);
}

}  // namespace escrow::core
