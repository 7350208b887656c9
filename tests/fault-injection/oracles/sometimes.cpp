#include "tests/fault-injection/oracles/sometimes.hpp"

#include <algorithm>

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
    "recovered while active",
    "three runs or more wrote one transaction",
    "message sent",
    "message recorded by its initiator",
    "message barred by a check",
    "graph committed",
    "graph aborted",
    "mixed transaction committed",
    "mixed transaction aborted",
    "interactive transaction committed",
    "interactive transaction aborted",
    "committed without any branch",
    "aborted by its pivot",
    "operation skipped",
    "attention on a forward operation",
    "attention on a confirm",
    "attention on an undo",
    "attention on a check",
    "forward call refused",
    "forward call in progress",
    "forward call postponed",
    "forward call without a clear answer",
    "final call refused",
    "final call in progress",
    "final call postponed",
    "final call without a clear answer",
    "check without a clear answer",
    "answer to a coordinator that has died",
    "deadline extended",
    "retried by an operator",
    "turned away by the store",
    "turned away by a drain",
    "unknown gid",
    "removed after its retention",
    "row damaged",
    "answer to a call that was given up",
    "deadline before the commit",
    "commit before the deadline, and the end behind it",
    "another wall clock with a deadline running",
    "two branches of one transaction on one account",
    "looked at before the end",
    "write in conflict",
    "lost write back after a crash",
    "write of a process that had died",
    "write of a process that had died, kept out by the next one",
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
    int runs = 0;
    for (const sim::Written* write : case_.written) {
      const bool other_run = before != nullptr && write->run != run;
      see_if(other_run, Sometimes::recovered);
      runs += other_run || before == nullptr ? 1 : 0;
      see_if(other_run && before->status == Status::active, Sometimes::recovered_active);
      see_if(other_run && before->status == Status::aborting, Sometimes::recovered_aborting);
      see_if(other_run && before->status == Status::committing, Sometimes::recovered_committing);
      before = write->value.get();
      run = write->run;
    }
    see_if(runs >= 3, Sometimes::several_runs);
    see_if(beat_the_deadline(), Sometimes::commit_beat_deadline);
    see_attention();
    if (case_.final == nullptr) return;
    const core::Transaction& value = *case_.final;
    from_shape(value);
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

  /// It was decided to commit, and that was carried out when the deadline had passed.
  [[nodiscard]] bool beat_the_deadline() const {
    const auto is_decided = [](const sim::Written* write) {
      return write->value->status == Status::committing && write->value->deadline_at && write->at < *write->value->deadline_at;
    };
    const auto decided = std::ranges::find_if(case_.written, is_decided);
    return decided != case_.written.end() && case_.written.back()->at > *(*decided)->value->deadline_at;
  }

  void from_shape(const core::Transaction& value) {
    const bool committed = value.status == Status::committed;
    const bool aborted = value.status == Status::aborted;
    const bool is_graph = value.order == protocol::Order::graph;
    const bool is_mixed = value.request->mode == protocol::Mode::mixed;
    const bool is_interactive = value.request->interactive;
    see_if(committed && is_graph, Sometimes::graph_committed);
    see_if(aborted && is_graph, Sometimes::graph_aborted);
    see_if(committed && is_mixed, Sometimes::mixed_committed);
    see_if(aborted && is_mixed, Sometimes::mixed_aborted);
    see_if(committed && is_interactive, Sometimes::interactive_committed);
    see_if(aborted && is_interactive, Sometimes::interactive_aborted);
    see_if(committed && value.branches.empty(), Sometimes::empty_commit);
    const auto pivot = core::pivot_of(value);
    const bool by_pivot = pivot && value.pivot_reached && value.branches[*pivot].forward->state == OperationState::failed;
    see_if(aborted && by_pivot, Sometimes::pivot_refused);
    for (const core::Branch& branch : value.branches) {
      for (const Role role : protocol::all_roles) {
        const auto* operation = branch.operation(role);
        see_if(operation != nullptr && operation->state == OperationState::skipped, Sometimes::skipped);
      }
    }
  }

  /// Whose attention was asked for, once for each write that does.
  void see_attention() {
    for (const sim::Written* write : case_.written) {
      const core::Transaction& value = *write->value;
      see_if(value.check && value.check->attention, Sometimes::attention_on_check);
      for (const core::Branch& branch : value.branches) {
        see_if(branch.forward && branch.forward->attention, Sometimes::attention_on_forward);
        see_if(branch.confirm && branch.confirm->attention, Sometimes::attention_on_confirm);
        see_if(branch.undo && branch.undo->attention, Sometimes::attention_on_undo);
      }
    }
  }

  void see_answer(const sim::Sent& sent, const sim::Ended& ended) {
    using Class = core::Outcome::Class;
    const bool is_final = sent.phase == protocol::Phase::final;
    if (sent.branch < 0) return see_if(ended.outcome == Class::unknown, Sometimes::check_unknown);
    switch (ended.outcome) {
      case Class::succeeded: break;
      case Class::refused: see(is_final ? Sometimes::final_refused : Sometimes::forward_refused); break;
      case Class::in_progress: see(is_final ? Sometimes::final_in_progress : Sometimes::forward_in_progress); break;
      case Class::postponed: see(is_final ? Sometimes::final_postponed : Sometimes::forward_postponed); break;
      case Class::unknown: see(is_final ? Sometimes::final_unknown : Sometimes::forward_unknown); break;
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
      see_if(row->what == Committed::What::message, Sometimes::message_recorded);
      see_if(row->what == Committed::What::barred, Sometimes::message_barred);
      const bool is_message = effect && case_.final != nullptr && row->operation == OperationName::action &&
                              role_in(*case_.final, row->branch, row->operation) == std::optional(Role::confirm);
      see_if(is_message, Sometimes::message_sent);
    }
    const auto share = [this](const Committed* one) {
      return std::ranges::any_of(case_.committed, [one](const Committed* other) {
        return one->what == Committed::What::effect && other->what == one->what && one->service == other->service &&
               one->posting.account == other->posting.account && one->branch < other->branch;
      });
    };
    see_if(std::ranges::any_of(case_.committed, share), Sometimes::shared_account);
  }

  void from_wire() {
    for (const sim::Ended* ended : case_.ended) {
      const auto* sent = case_.call(ended->call);
      if (sent == nullptr || sent->run == 0) continue;
      see_answer(*sent, *ended);
      see_if(!case_.written.empty() && case_.written.back()->run > sent->run && is_behind(*ended, sent->run),
             Sometimes::answer_to_the_dead);
      if (ended->outcome != core::Outcome::Class::succeeded || !is_forward(sent->operation)) continue;
      const auto* durable = case_.log_before(ended->seq);
      see_if(durable != nullptr && durable->status == Status::aborting, Sometimes::late_answer_counted);
    }
  }

  /// A later run had written by then.
  [[nodiscard]] bool is_behind(const sim::Ended& ended, std::int64_t run) const {
    for (const sim::Written* write : case_.written) {
      if (write->run > run) return write->seq < ended.seq;
    }
    return false;
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
      see_if(told->problem == protocol::ProblemCode::store_unavailable, Sometimes::store_unavailable);
      see_if(told->problem == protocol::ProblemCode::draining, Sometimes::draining);
      see_if(told->problem == protocol::ProblemCode::not_found, Sometimes::unknown_gid);
      see_if(!told->problem && told->what == Ask::extend, Sometimes::extended);
      see_if(!told->problem && told->what == Ask::retry, Sometimes::retried_now);
      see_if(!told->problem && told->what == Ask::start && !told->created, Sometimes::start_repeated);
      const bool by_deadline =
          case_.final != nullptr && case_.final->abort_reason && case_.final->abort_reason->code == protocol::AbortCode::timeout;
      see_if(decided && told->what == Ask::commit && by_deadline, Sometimes::deadline_beat_commit);
      see_if(!told->problem && told->what == Ask::look && told->value && !told->value->is_terminal(), Sometimes::looked_in_between);
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
  counts[static_cast<std::size_t>(Sometimes::removed)] += history.retired.size();
  counts[static_cast<std::size_t>(Sometimes::damaged)] += history.damaged.size();
  const auto add_noticed = [this](Sometimes what, std::uint64_t times) { counts[static_cast<std::size_t>(what)] += times; };
  add_noticed(Sometimes::barred_forward, history.noticed.barred);
  add_noticed(Sometimes::duplicate_suppressed, history.noticed.replayed);
  add_noticed(Sometimes::late_answer_ignored, history.noticed.late_answers);
  add_noticed(Sometimes::crash_in_recovery, history.noticed.crashes_in_recovery);
  add_noticed(Sometimes::clock_jump_with_deadline, history.noticed.jumps_with_deadline);
  add_noticed(Sometimes::conflict, history.noticed.conflicts);
  add_noticed(Sometimes::lost_write_returned, history.noticed.lost_writes_returned);
  add_noticed(Sometimes::late_write, history.noticed.late_writes);
  add_noticed(Sometimes::late_write_kept_out, history.noticed.late_writes_kept_out);
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
    if (fault.point == Point::store_unknown_applied) see(Sometimes::unknown_write_applied);
    if (fault.point == Point::store_unknown_lost) see(Sometimes::unknown_write_lost);
  }
}

std::vector<std::string_view> Tally::missing() const {
  std::vector<std::string_view> names_of_zeros;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) names_of_zeros.push_back(names[i]);
  }
  for (std::size_t i = 0; i < fired.size(); ++i) {
    if (fired[i] == 0) names_of_zeros.push_back(sim::describe(static_cast<Point>(i)).name);
  }
  return names_of_zeros;
}

void Tally::add(const Tally& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  for (std::size_t i = 0; i < fired.size(); ++i) fired[i] += other.fired[i];
}

}  // namespace escrow::oracles
