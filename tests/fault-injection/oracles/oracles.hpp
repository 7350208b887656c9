#pragma once

#include <span>
#include <string_view>

#include "tests/fault-injection/oracles/evidence.hpp"

/// The invariants, one file each. An oracle appends what it finds; a run without violations leaves nothing.
namespace escrow::oracles {

/// Every registered branch of a committed transaction has its whole effect, and of an aborted one none.
void s1_atomicity(const Evidence& evidence, Violations& violations);
/// Never a confirm's effect on one branch and an undo's on another, also before the end.
void s2_no_mixed_decision(const Evidence& evidence, Violations& violations);
/// Each operation takes effect at most once.
void s3_exactly_once(const Evidence& evidence, Violations& violations);
/// No confirm or undo takes effect without its forward operation's effect before it.
void s4_no_second_phase_without_first(const Evidence& evidence, Violations& violations);
/// An undo that was done leaves the mark that bars its forward operation.
void s5_null_compensation(const Evidence& evidence, Violations& violations);
/// Once undone, a branch's forward operation never takes effect.
void s6_no_hanging(const Evidence& evidence, Violations& violations);
/// A branch is undone only after every branch behind it.
void s7_reverse_order(const Evidence& evidence, Violations& violations);
/// Nothing comes from nowhere: accounts are what their journals add up to, and at the end a transaction has moved all or nothing.
void s8_conservation(const Evidence& evidence, Violations& violations);
/// What was acknowledged is in the log at the end, and what was told of an outcome stays true.
void s9_acknowledged_is_kept(const Evidence& evidence, Violations& violations);
/// Nothing that reveals a state leaves before that state is durable.
void s10_log_before_act(const Evidence& evidence, Violations& violations);
/// The log only goes forward: revisions, decisions, settled operations.
void s11_monotone(const Evidence& evidence, Violations& violations);
/// No run of the coordinator writes after a later one has, and every write says whose it is.
void s12_fencing(const Evidence& evidence, Violations& violations);
/// No call begins after the end, of the transaction or of the coordinator.
void s13_no_call_after_the_end(const Evidence& evidence, Violations& violations);
/// All attempts of an operation are the same request, the declared one, and at most one of them is open.
void s14_identity(const Evidence& evidence, Violations& violations);
/// No effect that nobody declared, and none at another service.
void s15_only_the_declared(const Evidence& evidence, Violations& violations);
/// Everything that clients are told of a transaction can be explained by one order of what they asked.
void s16_linearizable(const Evidence& evidence, Violations& violations);
/// A refusal means that nothing was recorded or done.
void s17_honest_refusal(const Evidence& evidence, Violations& violations);
/// The log holds what was written, and that can be what it says.
void s18_integrity(const Evidence& evidence, Violations& violations);
/// An abort has the cause that its reason names: on the wire, on the clock, or in what somebody asked.
void s21_abort_has_its_cause(const Evidence& evidence, Violations& violations);
/// Everything known ends once the faults have stopped.
void l1_everything_ends(const Evidence& evidence, Violations& violations);
/// What does not get done is called to a person's attention, and nothing else is.
void l2_attention(const Evidence& evidence, Violations& violations);
/// Who asks a coordinator that lives is answered, and served once the faults have stopped.
void l3_everybody_is_answered(const Evidence& evidence, Violations& violations);
/// Calls are repeated no sooner and no more often than the retry policy says.
void l4_bounded_retries(const Evidence& evidence, Violations& violations);
/// Nothing that is owed waits for longer than its longest pause.
void l5_no_starvation(const Evidence& evidence, Violations& violations);
/// When nothing is owed, nothing is done and nothing is held.
void l6_rest(const Evidence& evidence, Violations& violations);
/// A run that does not come to its end has a reason for it.
void l8_justified(const Evidence& evidence, Violations& violations);

/// What the log shows is a path in the table that the models use.
void t1_conforms(const Evidence& evidence, Violations& violations);

struct Oracle {
  std::string_view id;
  void (*judge)(const Evidence&, Violations&);
};
[[nodiscard]] std::span<const Oracle> all();

/// Asks every oracle.
[[nodiscard]] Violations judge(const Evidence& evidence);

}  // namespace escrow::oracles
