#include "tests/fault-injection/oracles/oracles.hpp"

namespace escrow::oracles {
namespace {

using protocol::Kind;

class Judge {
 public:
  Judge(const Case& one, Violations& violations) : case_(one), final_(*one.final), violations_(violations) {}

  void committed() {
    for (std::size_t i = 0; i < final_.branches.size(); ++i) {
      const int branch = static_cast<int>(i);
      switch (final_.branches[i].request->kind) {
        case Kind::saga:
          expect(branch, Role::forward, OperationName::action, 1);
          expect(branch, Role::undo, OperationName::compensate, 0);
          break;
        case Kind::tcc:
          expect(branch, Role::forward, OperationName::try_, 1);
          expect(branch, Role::confirm, OperationName::confirm, 1);
          expect(branch, Role::undo, OperationName::cancel, 0);
          break;
        case Kind::message: expect(branch, Role::confirm, OperationName::action, 1); break;
      }
    }
  }

  void aborted() {
    for (std::size_t i = 0; i < final_.branches.size(); ++i) {
      const int branch = static_cast<int>(i);
      const protocol::BranchRequest& request = *final_.branches[i].request;
      switch (request.kind) {
        case Kind::saga: {
          // Nothing to undo by declaration; the pivot alone promises that it did nothing when it is refused.
          if (request.undo_url.empty() && !request.pivot) break;
          const auto undone = request.undo_url.empty() ? 0 : case_.effects(branch, OperationName::compensate);
          if (!is_resolved(final_, branch, Role::undo)) expect(branch, Role::forward, OperationName::action, undone);
          break;
        }
        case Kind::tcc:
          if (!is_resolved(final_, branch, Role::undo)) {
            expect(branch, Role::forward, OperationName::try_, case_.effects(branch, OperationName::cancel));
          }
          expect(branch, Role::confirm, OperationName::confirm, 0);
          break;
        case Kind::message: expect(branch, Role::confirm, OperationName::action, 0); break;
      }
    }
  }

  /// The initiator's local transaction is a part of a two-phase message like any branch.
  void message() {
    if (!final_.check || final_.check->resolved) return;
    std::size_t committed_locally = 0;
    for (const sim::Committed* row : case_.committed) committed_locally += row->what == sim::Committed::What::message ? 1 : 0;
    const bool is_committed = final_.status == Status::committed;
    if (committed_locally > 0 && !is_committed) complain("the initiator committed locally, and the message was aborted");
    // Nobody but the initiator commits before its local transaction has, and no check says yes.
    if (committed_locally == 0 && is_committed && !final_.branches.empty())
      complain("the message was sent without the initiator's local commit");
  }

 private:
  void expect(int branch, Role role, OperationName operation, std::size_t count) {
    if (is_resolved(final_, branch, role)) return;
    const std::size_t seen = case_.effects(branch, operation);
    if (seen != count) {
      complain(std::string(protocol::to_string(final_.status)) + ", and " + name_of(branch, operation) + " took effect " +
               std::to_string(seen) + " times instead of " + std::to_string(count));
    }
  }
  void complain(std::string what) { violations_.push_back({"S1", case_.transaction, std::move(what)}); }

  const Case& case_;
  const core::Transaction& final_;
  Violations& violations_;
};

}  // namespace

void s1_atomicity(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    if (one.final == nullptr || !one.final->is_terminal()) continue;
    Judge judge(one, violations);
    if (one.final->status == Status::committed) judge.committed();
    if (one.final->status == Status::aborted) judge.aborted();
    judge.message();
  }
}

}  // namespace escrow::oracles
