#include "tests/fault-injection/sim/bugs.hpp"

#include <algorithm>
#include <array>

namespace escrow::sim {
namespace {

constexpr std::array planted{
    PlantedBug{Bug::calls_before_durable, "calls_before_durable", "S10"},
    PlantedBug{Bug::acknowledges_before_durable, "acknowledges_before_durable", "S9"},
    PlantedBug{Bug::asynchronous_step_record, "asynchronous_step_record", "S10"},
    PlantedBug{Bug::guesses_unknown_writes, "guesses_unknown_writes", "S10"},
    PlantedBug{Bug::writes_unconditionally, "writes_unconditionally", "S11"},
    PlantedBug{Bug::loses_acknowledged_writes, "loses_acknowledged_writes", "S9"},
    PlantedBug{Bug::time_out_is_refusal, "time_out_is_refusal", "S1"},
    PlantedBug{Bug::garbled_is_success, "garbled_is_success", "S1"},
    PlantedBug{Bug::gives_up_second_phase, "gives_up_second_phase", "S1"},
    PlantedBug{Bug::recovery_forgets_abort, "recovery_forgets_abort", "S11"},
    PlantedBug{Bug::recovery_forgets_order, "recovery_forgets_order", "S7"},
    PlantedBug{Bug::recovery_skips_aborting, "recovery_skips_aborting", "L1"},
    PlantedBug{Bug::registers_after_decision, "registers_after_decision", "S9"},
    PlantedBug{Bug::tells_the_end_early, "tells_the_end_early", "S10"},
    PlantedBug{Bug::calls_twice, "calls_twice", "S14"},
    PlantedBug{Bug::changes_payload, "changes_payload", "S14"},
    PlantedBug{Bug::calls_after_the_end, "calls_after_the_end", "S13"},
    PlantedBug{Bug::silent_check_is_a_no, "silent_check_is_a_no", "S1"},
    PlantedBug{Bug::leaks_calls, "leaks_calls", "L1"},
    PlantedBug{Bug::no_null_compensation_mark, "no_null_compensation_mark", "S5"},
    PlantedBug{Bug::second_phase_twice, "second_phase_twice", "S3"},
    PlantedBug{Bug::forward_after_undo, "forward_after_undo", "S6"},
    PlantedBug{Bug::undoes_while_committing, "undoes_while_committing", "S2"},
    PlantedBug{Bug::confirms_untried, "confirms_untried", "S4"},
    PlantedBug{Bug::registers_before_durable, "registers_before_durable", "S15"},
    PlantedBug{Bug::stale_reads, "stale_reads", "S16"},
    PlantedBug{Bug::lets_the_dead_write, "lets_the_dead_write", "S12"},
    PlantedBug{Bug::reads_in_doubt, "reads_in_doubt", "S1", 1'795'396'000'000'094'415},
    PlantedBug{Bug::never_rests, "never_rests", "L6"},
};

}  // namespace

std::span<const PlantedBug> planted_bugs() { return planted; }

std::optional<Bug> bug_named(std::string_view name) {
  const auto found = std::ranges::find(planted, name, &PlantedBug::name);
  return found == planted.end() ? std::nullopt : std::optional(found->bug);
}

}  // namespace escrow::sim
