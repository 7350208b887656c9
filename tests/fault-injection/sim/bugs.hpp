#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// Planted bugs: mistakes that a coordinator or a participant could make, made by the simulator's driver around the real parts, so that
/// no product code holds a switch. Each must be found by the oracle it names, or that oracle proves nothing.
namespace escrow::sim {

enum class Bug : std::uint8_t {
  none,
  /// A decision is acted on before it is on disk.
  calls_before_durable,
  /// A start is acknowledged before it is on disk.
  acknowledges_before_durable,
  /// The outcome of a step is not waited for before the next one is called.
  asynchronous_step_record,
  /// A write whose COMMIT failed is taken as written.
  guesses_unknown_writes,
  /// Writes are applied whatever revision they rest on.
  writes_unconditionally,
  /// A power loss takes acknowledged writes with it.
  loses_acknowledged_writes,
  /// A call without an answer is taken as refused.
  time_out_is_refusal,
  /// A broken answer with a 2xx in it is taken as success.
  garbled_is_success,
  /// Second-phase calls are given up after three failures.
  gives_up_second_phase,
  /// Recovery forgets that the abort was decided.
  recovery_forgets_abort,
  /// Recovery forgets the order of the branches.
  recovery_forgets_order,
  /// Recovery never looks at transactions that abort.
  recovery_skips_aborting,
  /// A registration that came after the decision is acknowledged.
  registers_after_decision,
  /// A waiter is told the end that is to be expected.
  tells_the_end_early,
  /// Every call goes out twice at once.
  calls_twice,
  /// After a restart a call carries another payload.
  changes_payload,
  /// The last undo or confirm is sent once more after the end.
  calls_after_the_end,
  /// Silence of a check is taken as a no.
  silent_check_is_a_no,
  /// Forgets that a call has ended.
  leaks_calls,
  /// A participant's undo leaves no mark behind where nothing was done.
  no_null_compensation_mark,
  /// A participant runs confirms and undos as often as they come.
  second_phase_twice,
  /// A participant does not bar a forward call that comes behind its undo.
  forward_after_undo,
  /// An undo goes out although the commit was decided.
  undoes_while_committing,
  /// A try without an answer counts as done, and the participant confirms what it never tried.
  confirms_untried,
  /// A registration is acknowledged before it is on disk.
  registers_before_durable,
  /// A look is answered from a copy that lags behind.
  stale_reads,
  /// The log takes the writes of a process that has died when the next one has begun, whatever they rest on.
  lets_the_dead_write,
  /// After a commit that failed the log can be read as if it had not been, and the next run finds that it was.
  reads_in_doubt,
  /// Looks at finished work again and again, for ever.
  never_rests
};

struct PlantedBug {
  Bug bug = Bug::none;
  std::string_view name;
  /// The oracle that must find it, by its id.
  std::string_view oracle;
  /// Where the search begins: the seed on record of a bug that fewer than one in a hundred thousand meets.
  std::uint64_t first_seed = 1;
};
[[nodiscard]] std::span<const PlantedBug> planted_bugs();
[[nodiscard]] std::optional<Bug> bug_named(std::string_view name);

}  // namespace escrow::sim
