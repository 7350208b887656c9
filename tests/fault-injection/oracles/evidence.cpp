#include "tests/fault-injection/oracles/evidence.hpp"

#include <algorithm>

namespace escrow::oracles {
namespace {

template <class Record>
void sort_in(std::vector<Case>& cases, const std::vector<Record>& records, std::vector<const Record*> Case::* list) {
  for (const Record& record : records) {
    if (record.transaction < 0) continue;
    const auto index = static_cast<std::size_t>(record.transaction);
    if (cases.size() <= index) cases.resize(index + 1);
    (cases[index].*list).push_back(&record);
  }
}

}  // namespace

Evidence::Evidence(const sim::History& seen) : history(seen) {
  sort_in(cases, seen.sent, &Case::sent);
  sort_in(cases, seen.ended, &Case::ended);
  sort_in(cases, seen.committed, &Case::committed);
  sort_in(cases, seen.written, &Case::written);
  sort_in(cases, seen.asked, &Case::asked);
  sort_in(cases, seen.told, &Case::told);
  sort_in(cases, seen.rows, &Case::rows);
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].transaction = static_cast<int>(i);
  for (const auto& value : seen.log) {
    const auto index = static_cast<std::size_t>(sim::ordinal_of(value->gid().text()));
    if (cases.size() <= index) cases.resize(index + 1);
    cases[index].final = value.get();
  }
}

std::size_t Case::effects(int branch, OperationName operation) const {
  return static_cast<std::size_t>(std::ranges::count_if(committed, [&](const sim::Committed* row) {
    return row->what == sim::Committed::What::effect && row->branch == branch && row->operation == operation;
  }));
}

const core::Transaction* Case::log_before(std::uint64_t seq) const {
  const core::Transaction* value = nullptr;
  for (const sim::Written* write : written) {
    if (write->seq > seq) break;
    value = write->value.get();
  }
  return value;
}

bool is_forward(OperationName operation) { return operation == OperationName::action || operation == OperationName::try_; }
bool is_undo(OperationName operation) { return operation == OperationName::compensate || operation == OperationName::cancel; }

std::optional<Role> role_in(const core::Transaction& transaction, int branch, OperationName operation) {
  if (branch < 0) return Role::check;
  if (static_cast<std::size_t>(branch) >= transaction.branches.size()) return std::nullopt;
  return protocol::role_of(transaction.branches[static_cast<std::size_t>(branch)].request->kind, operation);
}

bool is_resolved(const core::Transaction& transaction, int branch, Role role) {
  const auto* operation = core::find_operation(transaction, {static_cast<std::uint32_t>(branch), role});
  return operation != nullptr && operation->resolved;
}

std::string name_of(int branch, OperationName operation) {
  return (branch < 0 ? "" : "b" + std::to_string(branch) + " ") + std::string(protocol::to_string(operation));
}

}  // namespace escrow::oracles
