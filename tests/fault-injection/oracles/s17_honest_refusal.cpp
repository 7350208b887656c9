#include <algorithm>
#include <optional>

#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using protocol::AbortCode;
using protocol::ProblemCode;
using sim::Ask;
using What = sim::Committed::What;

/// Answers that promise that nothing was recorded. After a 503 something may have been.
bool is_refusal(ProblemCode code) {
  switch (code) {
    case ProblemCode::already_decided:
    case ProblemCode::branch_conflict:
    case ProblemCode::gid_conflict:
    case ProblemCode::invalid:
    case ProblemCode::not_found:
    case ProblemCode::not_interactive:
    case ProblemCode::not_resolvable:
    case ProblemCode::overloaded:
    case ProblemCode::past_pivot: return true;
    default: return false;
  }
}

class Judge {
 public:
  Judge(const Case& one, bool is_removed, Violations& violations) : case_(one), is_removed_(is_removed), violations_(violations) {}

  /// What only a request can bring about was brought about by one that was not refused.
  void look_at(const sim::Written& write, const core::Transaction* before) {
    const core::Transaction& value = *write.value;
    if (before == nullptr) expect(write, Ask::start, "it was started");
    const std::size_t known = before == nullptr ? value.request->branches.size() : before->branches.size();
    for (std::size_t i = known; i < value.branches.size(); ++i) {
      expect(write, Ask::register_branches, "b" + std::to_string(i) + " was registered", static_cast<int>(i));
    }
    const bool was_active = before == nullptr || before->status == Status::active;
    const bool commits = value.status == Status::committing || value.status == Status::committed;
    if (was_active && commits && value.request->interactive && !value.request->check) expect(write, Ask::commit, "it was committed");
    if (was_active && value.abort_reason && value.abort_reason->code == AbortCode::initiator) expect(write, Ask::abort, "it was aborted");
    if (value.check && value.check->resolved && !(before != nullptr && before->check && before->check->resolved))
      expect(write, Ask::resolve, "the check was settled by hand", -1, OperationName::check);
    for (std::size_t i = 0; i < value.branches.size(); ++i) {
      for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
        const auto* operation = value.branches[i].operation(role);
        if (operation == nullptr || !operation->resolved) continue;
        if (before != nullptr && i < before->branches.size() && before->branches[i].operation(role)->resolved) continue;
        const auto name = protocol::operation_name(value.branches[i].request->kind, role);
        expect(write, Ask::resolve, name_of(static_cast<int>(i), *name) + " was settled by hand", static_cast<int>(i), name);
      }
    }
  }

  /// A participant's no means that it did nothing, and where it is asked again until it succeeds, that it remembers nothing.
  void look_at(const sim::BarrierRow& row) {
    if (row.outcome != "refused") return;
    const bool is_try = row.operation == "try";
    const OperationName operation = is_try ? OperationName::try_ : OperationName::action;
    const auto is_same = [&](const sim::Committed* other) {
      return other->what == What::effect && other->branch == row.branch && other->service == row.service && other->operation == operation;
    };
    if (std::ranges::any_of(case_.committed, is_same)) complain(name_of(row.branch, operation) + " was refused, and took effect");
    const bool is_final = case_.final != nullptr && role_in(*case_.final, row.branch, operation) == std::optional(Role::confirm);
    if (is_final) complain("the refusal of " + name_of(row.branch, operation) + ", which is asked again until it succeeds, was kept");
  }

 private:
  void expect(const sim::Written& write, Ask what, const std::string& happened, int branch = -2,
              std::optional<OperationName> operation = std::nullopt) {
    const bool any = std::ranges::any_of(case_.asked, [&](const sim::Asked* asked) {
      if (asked->what != what || asked->seq > write.seq) return false;
      if (branch > -2 && !asked->branches.contains(branch)) return false;
      if (operation && asked->operation != *operation) return false;
      return std::ranges::none_of(
          case_.told, [&](const sim::Told* told) { return told->token == asked->token && told->problem && says_no(*told->problem); });
    });
    if (!any) complain(happened + ", and every request for it was refused");
  }
  void complain(std::string what) { violations_.push_back({"S17", case_.transaction, std::move(what)}); }

  /// It may have been done, and the transaction removed before the answer was ready.
  [[nodiscard]] bool says_no(ProblemCode code) const { return is_refusal(code) && !(code == ProblemCode::not_found && is_removed_); }

  const Case& case_;
  bool is_removed_;
  Violations& violations_;
};

}  // namespace

void s17_honest_refusal(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    Judge judge(one, is_removed(evidence, one), violations);
    const core::Transaction* before = nullptr;
    for (const sim::Written* write : one.written) {
      judge.look_at(*write, before);
      before = write->value.get();
    }
    for (const sim::BarrierRow* row : one.rows) judge.look_at(*row);
  }
}

}  // namespace escrow::oracles
