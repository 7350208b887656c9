#include "client-sdk/src/barrier/rules.hpp"

#include <exception>
#include <utility>

#include <escrow/error.hpp>

#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::barrier {
namespace {

constexpr std::string_view message_operation = "message";
constexpr std::string_view commit_cause = "commit";
constexpr std::string_view check_cause = "check";

Verdict commit(Outcome answer) { return {true, std::move(answer)}; }
Verdict roll_back(Outcome answer) { return {false, std::move(answer)}; }

Verdict give_up(const Error& error) {
  if (error.code == Errc::busy) return roll_back(Outcome::busy(error.detail));
  return roll_back(Outcome::unavailable(error.detail));
}

RowKey key_of(const Call& call, Operation operation) {
  if (ESCROW_PLANTED(barrier_key_without_branch)) return {call.gid, "b0", protocol::to_string(operation)};
  return {call.gid, call.branch, protocol::to_string(operation)};
}

Row row_by(Operation cause, RowOutcome outcome) { return {std::string(protocol::to_string(cause)), outcome, {}}; }

/// The forward operation that this undo or confirm belongs to.
Operation forward_of(Operation operation) { return operation == Operation::compensate ? Operation::action : Operation::try_; }

/// What a forward row answers to the forward operation's repeat.
Outcome replay(const Row& row, std::string_view forward) {
  if (row.cause != forward) return Outcome::refused("undone before it arrived");
  switch (row.outcome) {
    case RowOutcome::done: return Outcome::succeeded(row.output);
    case RowOutcome::refused: return ESCROW_PLANTED(replays_a_no_as_yes) ? Outcome::succeeded() : Outcome::refused(row.output);
    case RowOutcome::none: break;
  }
  return Outcome::unavailable("the barrier row of " + std::string(forward) + " has no outcome");
}

/// Runs the business change under a savepoint that stays open only while it runs; an Error ends the whole transaction.
Result<Outcome> run(BarrierRows& rows, const Business& business, const std::string& forward_output) {
  if (auto opened = rows.open_savepoint(); !opened) return opened.error();
  Outcome outcome = Outcome::unavailable("the handler failed");
  try {
    outcome = business(forward_output);
  } catch (const std::exception& failure) {
    outcome = Outcome::unavailable(std::string("the handler failed: ") + failure.what());
  } catch (...) {
    // The first sentence stands: there is nothing to say about an exception without a type.
  }
  if (outcome.kind() == Outcome::Kind::succeeded) {
    if (auto released = rows.release_savepoint(); !released) return released.error();
  } else if (outcome.kind() == Outcome::Kind::refused && !ESCROW_PLANTED(refusal_keeps_its_change)) {
    if (auto returned = rows.return_to_savepoint(); !returned) return returned.error();
  }
  // Anything else rolls back the whole transaction, savepoint included.
  return outcome;
}

Verdict apply_forward(BarrierRows& rows, const Call& call, const Business& business) {
  const RowKey key = key_of(call, call.operation);
  const auto inserted = rows.insert(key, row_by(call.operation, RowOutcome::done));
  if (!inserted) return give_up(inserted.error());
  if (!*inserted && !ESCROW_PLANTED(forward_runs_behind_its_undo)) {
    const auto found = rows.find(key);
    if (!found) return give_up(found.error());
    if (!*found) return roll_back(Outcome::busy("the barrier row was just removed"));
    return roll_back(replay(**found, key.operation));
  }

  auto outcome = run(rows, business, {});
  if (!outcome) return give_up(outcome.error());
  switch (outcome->kind()) {
    case Outcome::Kind::succeeded: {
      if (auto kept = rows.update(key, RowOutcome::done, outcome->output()); !kept) return give_up(kept.error());
      return commit(std::move(*outcome));
    }
    case Outcome::Kind::refused: {
      // Where the call comes again until it succeeds, a no of today must not be the answer of tomorrow.
      if (call.phase == Phase::final && !ESCROW_PLANTED(keeps_a_final_no)) return roll_back(std::move(*outcome));
      if (auto kept = rows.update(key, RowOutcome::refused, outcome->reason()); !kept) return give_up(kept.error());
      return commit(std::move(*outcome));
    }
    case Outcome::Kind::in_progress:
    case Outcome::Kind::busy:
    case Outcome::Kind::unavailable: break;
  }
  return roll_back(std::move(*outcome));
}

/// Runs an undo or confirm once: its row is the mark that it ran.
Verdict apply_second_phase(BarrierRows& rows, const Call& call, const Business& business, const std::string& forward_output) {
  const RowKey key = key_of(call, call.operation);
  const auto inserted = rows.insert(key, row_by(call.operation, RowOutcome::done));
  if (!inserted) return give_up(inserted.error());
  if (!*inserted && !ESCROW_PLANTED(second_phase_twice)) {
    const auto found = rows.find(key);
    if (!found) return give_up(found.error());
    if (!*found) return roll_back(Outcome::busy("the barrier row was just removed"));
    return roll_back(Outcome::succeeded((*found)->output));
  }

  auto outcome = run(rows, business, forward_output);
  if (!outcome) return give_up(outcome.error());
  // A second phase that the business refuses leaves no row: it is owed until it succeeds.
  if (outcome->kind() != Outcome::Kind::succeeded) return roll_back(std::move(*outcome));
  if (auto kept = rows.update(key, RowOutcome::done, outcome->output()); !kept) return give_up(kept.error());
  return commit(std::move(*outcome));
}

Verdict apply_undo(BarrierRows& rows, const Call& call, const Business& business) {
  const RowKey own = key_of(call, call.operation);
  const RowKey forward = key_of(call, forward_of(call.operation));

  if (ESCROW_PLANTED(no_null_compensation_mark) && !rows.find(forward).value()) return commit(Outcome::succeeded());
  const auto marked = rows.insert(forward, row_by(call.operation, RowOutcome::none));
  if (!marked) return give_up(marked.error());
  std::optional<Row> row;
  if (!*marked) {
    auto found = rows.find(forward);
    if (!found) return give_up(found.error());
    if (!*found) return roll_back(Outcome::busy("the barrier row was just removed"));
    row = std::move(**found);
  }

  if (ESCROW_PLANTED(undoes_what_never_ran) && !row) return apply_second_phase(rows, call, business, {});
  if (ESCROW_PLANTED(undoes_what_was_refused) && row && row->outcome == RowOutcome::refused)
    return apply_second_phase(rows, call, business, {});
  if (!row || row->outcome != RowOutcome::done) {
    // It never ran: never called, barred by an earlier undo, or refused. The mark stays and keeps a late call out.
    const auto kept = rows.insert(own, row_by(call.operation, RowOutcome::done));
    if (!kept) return give_up(kept.error());
    return commit(Outcome::succeeded());
  }

  if (forward.operation == protocol::to_string(Operation::try_)) {
    const auto confirmed = rows.find(key_of(call, Operation::confirm));
    if (!confirmed) return give_up(confirmed.error());
    if (*confirmed) return roll_back(Outcome::refused("already confirmed"));
  }
  return apply_second_phase(rows, call, business, row->output);
}

Verdict apply_confirm(BarrierRows& rows, const Call& call, const Business& business) {
  const auto tried = rows.find(key_of(call, Operation::try_));
  if (!tried) return give_up(tried.error());
  if (ESCROW_PLANTED(confirms_untried) && !*tried) return apply_second_phase(rows, call, business, {});
  if (!*tried || (*tried)->outcome != RowOutcome::done) return roll_back(Outcome::refused("never tried"));

  const auto cancelled = rows.find(key_of(call, Operation::cancel));
  if (!cancelled) return give_up(cancelled.error());
  if (*cancelled) return roll_back(Outcome::refused("already cancelled"));
  return apply_second_phase(rows, call, business, (*tried)->output);
}

RowKey message_key(std::string_view gid) { return {gid, std::string_view(), message_operation}; }

}  // namespace

std::string_view to_string(RowOutcome outcome) {
  switch (outcome) {
    case RowOutcome::done: return "done";
    case RowOutcome::refused: return "refused";
    case RowOutcome::none: return "none";
  }
  ESCROW_ASSERT(false);
}

std::optional<RowOutcome> row_outcome_from(std::string_view text) {
  for (const auto outcome : {RowOutcome::done, RowOutcome::refused, RowOutcome::none}) {
    if (to_string(outcome) == text) return outcome;
  }
  return std::nullopt;
}

Verdict apply(BarrierRows& rows, const Call& call, const Business& business) {
  switch (call.operation) {
    case Operation::action:
    case Operation::try_: return apply_forward(rows, call, business);
    case Operation::compensate:
    case Operation::cancel: return apply_undo(rows, call, business);
    case Operation::confirm: return apply_confirm(rows, call, business);
    case Operation::check: break;
  }
  return roll_back(Outcome::unavailable("a check has no business change"));
}

Outcome recall(BarrierRows& rows, const Call& call) {
  const RowKey key = key_of(call, call.operation);
  const auto found = rows.find(key);
  if (!found) return give_up(found.error()).answer;
  if (!*found) return Outcome::unavailable("the local transaction did not commit");
  if (call.operation == Operation::action || call.operation == Operation::try_) return replay(**found, key.operation);
  return Outcome::succeeded((*found)->output);
}

Result<void> record_message(BarrierRows& rows, std::string_view gid) {
  const auto inserted = rows.insert(message_key(gid), {std::string(commit_cause), RowOutcome::done, {}});
  if (!inserted) return inserted.error();
  if (*inserted || ESCROW_PLANTED(message_behind_a_no)) return {};
  const auto found = rows.find(message_key(gid));
  if (!found) return found.error();
  if (*found && (*found)->cause == commit_cause) {
    return make_error(Errc::message_recorded, "this message was recorded by an earlier local transaction");
  }
  return make_error(Errc::message_aborted, "a check was answered no before the local transaction recorded the message");
}

Verdict answer_check(BarrierRows& rows, std::string_view gid) {
  const auto inserted = rows.insert(message_key(gid), {std::string(check_cause), RowOutcome::none, {}});
  if (!inserted) return give_up(inserted.error());
  if (*inserted) return {!ESCROW_PLANTED(check_bars_nothing), Outcome::refused("the local transaction did not commit")};
  const auto found = rows.find(message_key(gid));
  if (!found) return give_up(found.error());
  if (*found && (*found)->cause == commit_cause) return roll_back(Outcome::succeeded());
  if (!*found) return roll_back(Outcome::busy("the barrier row was just removed"));
  return roll_back(Outcome::refused("the local transaction did not commit"));
}

}  // namespace escrow::barrier
