#include <algorithm>
#include <escrow/transaction_view.hpp>

#include "client-sdk/src/initiator/transaction_reader.hpp"

namespace escrow {

const OperationView* BranchView::operation(Operation name) const noexcept {
  const auto found = std::ranges::find(operations_, name, &OperationView::name);
  return found == operations_.end() ? nullptr : &*found;
}

const BranchView* TransactionView::branch(std::string_view id) const noexcept {
  const auto found = std::ranges::find(branches_, id, &BranchView::id);
  return found == branches_.end() ? nullptr : &*found;
}

std::optional<std::string> TransactionView::output(std::string_view branch_id, Operation operation) const {
  const BranchView* found = branch(branch_id);
  const OperationView* view = found == nullptr ? nullptr : found->operation(operation);
  return view == nullptr ? std::nullopt : view->output();
}

Result<TransactionView> TransactionView::parse(std::string_view json) { return TransactionReader::transaction(json); }

}  // namespace escrow
