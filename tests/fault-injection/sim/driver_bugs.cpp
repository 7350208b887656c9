#include "tests/fault-injection/sim/coordinator_host.hpp"

/// What the planted bugs of the driver do. The node itself is the real one in every run.
namespace escrow::sim {

using protocol::Status;
using Class = core::Outcome::Class;

bool CoordinatorHost::answers_before_durable(const core::Transaction& value, const engine::node::WriteWanted& wanted) const {
  switch (context_.bug) {
    case Bug::calls_before_durable: return value.status == Status::committing || value.status == Status::aborting;
    case Bug::acknowledges_before_durable: return wanted.is_new_work;
    case Bug::asynchronous_step_record: return value.status == Status::active && !wanted.is_new_work;
    case Bug::registers_before_durable: return value.status == Status::active && value.request->interactive && !wanted.is_new_work;
    default: return false;
  }
}

void CoordinatorHost::call_planted(const engine::node::CallWanted& wanted, const WireRequest& request) {
  if (context_.bug == Bug::calls_twice) network_.call(run_, request, wanted.timeout, [](const core::Outcome&) {});
  if (context_.bug == Bug::undoes_while_committing && wanted.operation == protocol::OperationName::confirm) {
    const auto value = store_.find(wanted.gid);
    for (const auto& branch : value->branches) {
      if (branch.request->kind != protocol::Kind::tcc || branch.request->id == wanted.branch->id) continue;
      WireRequest undo = request;
      undo.service = service_of_url(branch.request->undo_url);
      undo.branch = ordinal_of(branch.request->id.text());
      undo.operation = protocol::OperationName::cancel;
      network_.call(run_, undo, wanted.timeout, [](const core::Outcome&) {});
    }
  }
}

void CoordinatorHost::tamper(core::Transaction& loaded) const {
  if (context_.bug == Bug::recovery_forgets_abort && loaded.status == Status::aborting) {
    loaded.status = Status::active;
    loaded.abort_reason.reset();
  }
  if (context_.bug == Bug::recovery_forgets_order) {
    for (auto& branch : loaded.branches) branch.predecessors.clear();
  }
}

void CoordinatorHost::tamper(core::Outcome& outcome, protocol::Role role, const Identity& call) const {
  const auto refuse = [&outcome] {
    outcome.outcome = Class::refused;
    outcome.status = 409;
  };
  const bool is_second_phase = role == protocol::Role::confirm || role == protocol::Role::undo;
  if (outcome.outcome != Class::unknown) return;
  if (context_.bug == Bug::time_out_is_refusal && role == protocol::Role::forward && outcome.status == 0) refuse();
  if (context_.bug == Bug::silent_check_is_a_no && role == protocol::Role::check) refuse();
  if (context_.bug == Bug::confirms_untried && call.operation == static_cast<int>(protocol::OperationName::try_))
    outcome.outcome = Class::succeeded;
  if (context_.bug == Bug::gives_up_second_phase && is_second_phase && call.attempt >= 3) outcome.outcome = Class::succeeded;
}

void CoordinatorHost::tamper(engine::node::Answer& answer, Ask what, int transaction) const {
  if (context_.bug == Bug::registers_after_decision && what == Ask::register_branches &&
      answer.problem == protocol::ProblemCode::already_decided) {
    answer.problem.reset();
    answer.transaction = store_.find(gid_of(transaction));
  }
  if (context_.bug == Bug::stale_reads && what == Ask::look && answer.transaction) {
    if (auto before = store_.find_before(answer.transaction->gid())) answer.transaction = std::move(before);
  }
  if (context_.bug == Bug::tells_the_end_early && answer.transaction && answer.transaction->status == Status::committing) {
    auto copy = std::make_shared<core::Transaction>(*answer.transaction);
    copy->status = Status::committed;
    answer.transaction = std::move(copy);
  }
}

}  // namespace escrow::sim
