#include "tests/fault-injection/oracles/sometimes.hpp"

namespace escrow::oracles {
namespace {

using sim::Ask;
using sim::Committed;
using sim::Life;
using sim::Point;

constexpr std::array<std::string_view, sometimes_count> names{
    "committed",
    "aborted",
    "confirmed",
    "cancelled",
    "compensated",
    "null compensation",
    "forward call barred by its undo",
    "duplicate suppressed",
    "refused for good",
    "unknown attempt, then refused",
    "pivot refused after an unknown attempt",
    "committed through a pivot",
    "resolved by an operator",
    "attention raised",
    "recovered by another run",
    "recovered while aborting",
    "recovered while committing",
    "crash in recovery",
    "unknown write was there",
    "unknown write was not there",
    "amnesia",
    "drained",
    "aborted by the deadline",
    "aborted by used-up attempts",
    "aborted by the initiator",
    "registration after the decision refused",
    "commit or abort after the decision refused",
    "gid conflict",
    "branch conflict",
    "start repeated",
    "abort past the pivot refused",
    "check committed",
    "check aborted",
    "forward answer after the abort counted",
    "overloaded",
    "a waiter was told the end",
};

class Counter {
 public:
  Counter(Tally& tally, const Case& one) : tally_(tally), case_(one) {}

  void count() {
    from_log();
    from_participants();
    from_wire();
    from_clients();
  }

 private:
  void see(Sometimes what, std::uint64_t times = 1) { tally_.counts[static_cast<std::size_t>(what)] += times; }
  void see_if(bool seen, Sometimes what) { see(what, seen ? 1 : 0); }

  void from_log() {
    const core::Transaction* before = nullptr;
    std::int64_t run = 0;
    for (const sim::Written* write : case_.written) {
      const bool other_run = before != nullptr && write->run != run;
      see_if(other_run, Sometimes::recovered);
      see_if(other_run && before->status == Status::aborting, Sometimes::recovered_aborting);
      see_if(other_run && before->status == Status::committing, Sometimes::recovered_committing);
      before = write->value.get();
      run = write->run;
    }
    if (case_.final == nullptr) return;
    const core::Transaction& value = *case_.final;
    see_if(value.status == Status::committed, Sometimes::committed);
    see_if(value.status == Status::aborted, Sometimes::aborted);
    see_if(value.status == Status::committed && core::pivot_of(value), Sometimes::pivot_committed);
    if (value.abort_reason) {
      see_if(value.abort_reason->code == protocol::AbortCode::timeout, Sometimes::deadline_aborted);
      see_if(value.abort_reason->code == protocol::AbortCode::attempts_exhausted, Sometimes::attempts_exhausted);
      see_if(value.abort_reason->code == protocol::AbortCode::initiator, Sometimes::aborted_by_initiator);
      see_if(value.abort_reason->code == protocol::AbortCode::check_refused, Sometimes::check_refused);
    }
    if (value.check) see_if(value.check->state == OperationState::succeeded && !value.check->resolved, Sometimes::check_committed);
    for (const core::Branch& branch : value.branches) {
      for (const Role role : protocol::all_roles) {
        const auto* operation = branch.operation(role);
        if (operation != nullptr) see_if(operation->resolved, Sometimes::resolved);
      }
      if (!branch.forward || branch.forward->state != OperationState::failed || !branch.forward->maybe_done) continue;
      see(Sometimes::unknown_then_refused);
      see_if(branch.request->pivot, Sometimes::pivot_unknown_then_refused);
    }
  }

  void from_participants() {
    for (const sim::Committed* row : case_.committed) {
      const bool effect = row->what == Committed::What::effect;
      see_if(effect && row->operation == OperationName::confirm, Sometimes::confirmed);
      see_if(effect && row->operation == OperationName::cancel, Sometimes::cancelled);
      see_if(effect && row->operation == OperationName::compensate, Sometimes::compensated);
      see_if(row->what == Committed::What::mark, Sometimes::null_compensation);
      see_if(row->what == Committed::What::refused, Sometimes::refused_for_good);
    }
    for (const sim::BarrierRow* row : case_.rows) {
      // Nothing bars a forward call but its undo's mark, which names its cause.
      const bool is_mark = row->cause != row->operation && row->outcome == "none";
      see_if(is_mark && case_.effects(row->branch, row->operation == "try" ? OperationName::try_ : OperationName::action) == 0,
             Sometimes::barred_forward);
    }
  }

  void from_wire() {
    ByOperation<int> calls;
    // The second call of an operation tells that there were several; once is enough.
    for (const sim::Sent* sent : case_.sent)
      see_if(++calls(sent->branch, sent->operation) == 2 && case_.effects(sent->branch, sent->operation) == 1,
             Sometimes::duplicate_suppressed);
    for (const sim::Ended* ended : case_.ended) {
      if (ended->outcome != core::Outcome::Class::succeeded) continue;
      const auto* sent = case_.call(ended->call);
      if (sent == nullptr || sent->run == 0 || !is_forward(sent->operation)) continue;
      const auto* durable = case_.log_before(ended->seq);
      see_if(durable != nullptr && durable->status == Status::aborting, Sometimes::late_answer_counted);
    }
  }

  void from_clients() {
    for (const sim::Told* told : case_.told) {
      const bool decided = told->problem == protocol::ProblemCode::already_decided;
      see_if(decided && told->what == Ask::register_branches, Sometimes::late_registration_refused);
      see_if(decided && (told->what == Ask::commit || told->what == Ask::abort), Sometimes::late_commit_refused);
      see_if(told->problem == protocol::ProblemCode::gid_conflict, Sometimes::gid_conflict);
      see_if(told->problem == protocol::ProblemCode::branch_conflict, Sometimes::branch_conflict);
      see_if(told->problem == protocol::ProblemCode::past_pivot, Sometimes::past_pivot);
      see_if(told->problem == protocol::ProblemCode::overloaded, Sometimes::overloaded);
      see_if(!told->problem && told->what == Ask::start && !told->created, Sometimes::start_repeated);
      if (!told->value || !told->value->is_terminal()) continue;
      const auto* asked = case_.question(told->token);
      const auto* then = asked == nullptr ? nullptr : case_.log_before(asked->seq);
      see_if(then == nullptr || !then->is_terminal(), Sometimes::told_at_the_end);
    }
  }

  Tally& tally_;
  const Case& case_;
};

}  // namespace

std::string_view name_of(Sometimes what) { return names[static_cast<std::size_t>(what)]; }

void Tally::add(const Evidence& evidence, const std::vector<sim::Fired>& faults) {
  const sim::History& history = evidence.history();
  for (const Case& one : evidence.cases()) Counter(*this, one).count();
  const auto see = [this](Sometimes what) { ++counts[static_cast<std::size_t>(what)]; };
  for (const sim::Life& life : history.life) {
    if (life.what == Life::What::forgot) see(Sometimes::amnesia);
    if (life.what == Life::What::stopped) see(Sometimes::drained);
  }
  for (const sim::Written& write : history.written) {
    for (const core::Branch& branch : write.value->branches) {
      if ((branch.undo && branch.undo->attention) || (branch.confirm && branch.confirm->attention)) {
        see(Sometimes::attention);
        break;
      }
    }
  }
  for (const sim::Fired& fault : faults) {
    ++fired[static_cast<std::size_t>(fault.point)];
    if (fault.point == Point::coordinator_crash_at_start) see(Sometimes::crash_in_recovery);
    if (fault.point == Point::store_unknown_applied) see(Sometimes::unknown_write_applied);
    if (fault.point == Point::store_unknown_lost) see(Sometimes::unknown_write_lost);
  }
}

void Tally::add(const Tally& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  for (std::size_t i = 0; i < fired.size(); ++i) fired[i] += other.fired[i];
}

}  // namespace escrow::oracles
