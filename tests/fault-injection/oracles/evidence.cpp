#include "tests/fault-injection/oracles/evidence.hpp"

#include <algorithm>
#include <iterator>

namespace escrow::oracles {

template <class Record>
void Evidence::sort_in(const std::vector<Record>& records, std::vector<const Record*> Case::* list) {
  for (const Record& record : records) {
    if (record.transaction >= 0) (case_of(record.transaction).*list).push_back(&record);
  }
}

Case& Evidence::case_of(int transaction) {
  const auto index = static_cast<std::size_t>(transaction);
  for (; used_ <= index; ++used_) {
    if (cases_.size() == used_) cases_.emplace_back();
    cases_[used_].clear();
    cases_[used_].transaction = static_cast<int>(used_);
  }
  return cases_[index];
}

void Evidence::look_at(const sim::History& seen) {
  history_ = &seen;
  used_ = 0;
  sort_in(seen.sent, &Case::sent);
  sort_in(seen.ended, &Case::ended);
  sort_in(seen.committed, &Case::committed);
  sort_in(seen.written, &Case::written);
  sort_in(seen.asked, &Case::asked);
  sort_in(seen.told, &Case::told);
  sort_in(seen.rows, &Case::rows);
  for (const auto& value : seen.log) case_of(sim::ordinal_of(value->gid().text())).final = value.get();
}

void Case::clear() {
  sent.clear();
  ended.clear();
  committed.clear();
  written.clear();
  asked.clear();
  told.clear();
  rows.clear();
  final = nullptr;
}

std::size_t Case::effects(int branch, OperationName operation) const {
  return static_cast<std::size_t>(std::ranges::count_if(committed, [&](const sim::Committed* row) {
    return row->what == sim::Committed::What::effect && row->branch == branch && row->operation == operation;
  }));
}

const core::Transaction* Case::log_before(std::uint64_t seq) const {
  const auto behind = std::ranges::upper_bound(written, seq, {}, &sim::Written::seq);
  return behind == written.begin() ? nullptr : (*std::prev(behind))->value.get();
}

const sim::Asked* Case::question(std::uint64_t token) const {
  const auto found = std::ranges::lower_bound(asked, token, {}, &sim::Asked::token);
  return found == asked.end() || (*found)->token != token ? nullptr : *found;
}

const sim::Sent* Case::call(std::uint64_t number) const {
  const auto found = std::ranges::lower_bound(sent, number, {}, &sim::Sent::call);
  return found == sent.end() || (*found)->call != number ? nullptr : *found;
}

bool is_removed(const Evidence& evidence, const Case& one) {
  const auto& removed = evidence.history().retired;
  return std::ranges::find(removed, one.transaction) != removed.end();
}

bool is_damaged(const Evidence& evidence, const Case& one) {
  const auto& damaged = evidence.history().damaged;
  return std::ranges::find(damaged, one.transaction) != damaged.end();
}

const sim::Declared* declared_of(const Evidence& evidence, int transaction, int branch) {
  const auto& declared = evidence.history().declared;
  const auto found =
      std::ranges::find_if(declared, [&](const sim::Declared& one) { return one.transaction == transaction && one.branch == branch; });
  return found == declared.end() ? nullptr : &*found;
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
