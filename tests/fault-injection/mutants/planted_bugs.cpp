#include "tests/fault-injection/mutants/planted_bugs.hpp"

#include <algorithm>
#include <array>

namespace escrow::mutants {
namespace {

constexpr std::array planted{
    // The thirteen of the plan.
    PlantedBug{"no_null_compensation_mark", "barrier/rules.cpp", "an undo that finds nothing leaves no mark, and a late call takes effect",
               "S5", "Seata before 1.5, most hand-written participants"},
    PlantedBug{"second_phase_twice", "barrier/rules.cpp", "confirm and undo run as often as they come", "S3", "hand-written participants"},
    PlantedBug{"acknowledges_before_durable", "node/node_requests.cpp", "a start is acknowledged before it is on disk", "S9",
               "NATS JetStream (lazy fsync)"},
    PlantedBug{"garbled_is_success", "core/answered.cpp", "a broken answer with a 2xx in it is taken as success", "S1"},
    PlantedBug{"undoes_in_any_order", "core/turn.cpp", "a branch is undone before those that came after it", "S7"},
    PlantedBug{"time_out_is_refusal", "core/answered.cpp", "a call without an answer is taken as refused", "S1", "Seata (saga)"},
    PlantedBug{"calls_before_durable", "core/progress.cpp", "a decision is acted on before it is on disk", "S10", "dtm"},
    PlantedBug{"recovery_forgets_abort", "core/decide.cpp", "recovery forgets that the abort was decided", "S11"},
    PlantedBug{"unconditional_write", "store/memory/log.cpp", "a write is applied whatever revision it rests on", "S11", "Seata #152"},
    PlantedBug{"unknown_step_is_not_undone", "core/answered.cpp", "a step that may have been done is not undone", "S1", "dtm #318"},
    PlantedBug{"gives_up_second_phase", "core/answered.cpp", "second-phase calls are given up after three failures", "S1",
               "Narayana LRA, Seata (retry limits)"},
    PlantedBug{"registers_after_decision", "core/decide.cpp", "a branch is recorded although the decision is made", "S11", "Seata #1812"},
    PlantedBug{"asynchronous_step_record", "core/answered.cpp", "the outcome of a step is not waited for before the next one is called",
               "S10", "dtm (asynchronous branch update)"},

    // core
    PlantedBug{"calls_out_of_order", "core/turn.cpp", "a branch is called before those it comes after", "S10"},
    PlantedBug{"confirms_untried", "core/answered.cpp", "a try without an answer counts as done, and is confirmed", "S4"},
    PlantedBug{"silent_check_is_a_no", "core/answered.cpp", "a check that is not answered aborts the message", "S1",
               "RocketMQ (check limit)"},
    PlantedBug{"recovery_forgets_open_calls", "core/decide.cpp", "what may have been called before a crash counts as not called", "S1"},
    PlantedBug{"ends_before_confirms", "core/progress.cpp", "a transaction is committed while confirms are owed", "S1"},
    PlantedBug{"ends_on_the_wrong_side", "core/progress.cpp", "what was committed ends as aborted", "T1"},
    PlantedBug{"registered_is_not_undone", "core/progress.cpp", "branches that the initiator called are not undone", "S1"},
    PlantedBug{"confirms_before_the_commit", "core/turn.cpp", "confirms and messages leave while the transaction is active", "S10"},
    PlantedBug{"confirms_before_its_try", "core/turn.cpp", "a branch behind the pivot is confirmed before its own try", "S10"},
    PlantedBug{"forward_after_the_abort", "core/turn.cpp", "forward calls go on after the abort", "S10"},
    PlantedBug{"forward_says_final", "core/turn.cpp", "a forward call says that it will be repeated until it succeeds", "S10"},
    PlantedBug{"aborts_past_the_pivot", "core/requested.cpp", "the initiator aborts although the pivot may have been done", "S11"},
    PlantedBug{"deadline_past_the_pivot", "core/turn.cpp", "the timeout aborts although the pivot may have been done", "S11"},
    PlantedBug{"adopts_without_a_word", "core/decide.cpp", "what is read back and due later than its row says is let go of for ever", "L1",
               "Escrow before 0.1", 1'500'000'148},
    PlantedBug{"deadline_never_fires", "core/decide.cpp", "a transaction whose initiator died stays active for ever", "L1"},
    PlantedBug{"deadline_fires_early", "core/decide.cpp", "the timeout aborts a minute before its time", "S21"},
    PlantedBug{"timeout_is_called_an_abort", "core/decide.cpp", "a timeout says that the initiator aborted", "S21"},
    PlantedBug{"gives_up_after_one_attempt", "core/answered.cpp", "a step without an answer aborts though it may be tried again", "S21"},
    PlantedBug{"not_now_is_a_no", "core/answered.cpp", "a participant that asks to come back later is taken to refuse", "S21"},
    PlantedBug{"check_too_early_is_a_no", "core/answered.cpp", "a check that comes too early aborts the message", "S21"},
    PlantedBug{"check_is_called_an_operator", "core/answered.cpp", "a check's no says that an operator aborted", "S21"},
    PlantedBug{"marks_check_resolved", "core/answered.cpp", "a check that said yes is put down to an operator", "S17"},
    PlantedBug{"calls_for_attention_at_once", "core/answered.cpp", "the first call in vain is told to a person", "L2"},
    PlantedBug{"stops_calling_in_attention", "core/answered.cpp", "what stands in attention is never called again", "L2"},
    PlantedBug{"acknowledges_the_opposite", "core/decide.cpp", "an abort is acknowledged although the commit was decided", "S9"},
    PlantedBug{"branch_conflict_goes_unnoticed", "core/requested.cpp", "other content for a known branch id is acknowledged", "S16"},
    PlantedBug{"any_word_counts", "core/requested.cpp", "an operator settles by hand what nobody owes yet", "S16"},
    PlantedBug{"order_is_lost", "core/order.cpp", "a sequential transaction has no order", "S18"},
    PlantedBug{"attention_is_never_raised", "core/progress.cpp", "what is not getting done is told to nobody", "L2"},
    PlantedBug{"refusal_raises_no_attention", "core/answered.cpp", "a refused second-phase call looks like any failure", "L2"},
    PlantedBug{"calls_in_a_tight_loop", "core/answered.cpp", "a failed call is repeated at once", "L4"},
    PlantedBug{"retry_after_is_ignored", "core/answered.cpp", "a participant that asks for a pause gets none", "L4"},
    PlantedBug{"max_attempts_is_ignored", "core/answered.cpp", "a forward call is repeated beyond its limit", "L4"},
    PlantedBug{"attempts_are_not_counted", "core/decide.cpp", "each attempt says that it is the same one", "S14"},

    // node
    PlantedBug{"guesses_unknown_writes", "node/node_writes.cpp", "a write whose COMMIT failed is taken as written", "S10",
               "PostgreSQL clients (ambiguous COMMIT)"},
    PlantedBug{"pauses_for_ever", "node/node_writes.cpp", "one refused write stops a transaction for a day", "L5"},
    PlantedBug{"forgets_who_waits", "node/node_writes.cpp", "a caller whose write is refused is never answered", "L3"},
    PlantedBug{"gid_conflict_goes_unnoticed", "node/node_requests.cpp", "another request with a known gid is told that it was started",
               "S16"},
    PlantedBug{"compares_only_the_timeout", "node/node_requests.cpp", "a gid is taken again though all but its timeout is another", "S16"},
    PlantedBug{"lets_go_of_what_is_due", "node/node.cpp", "a waiting transaction leaves memory although no page will bring it back", "L1"},
    PlantedBug{"page_passes_a_repeated_start", "node/node_writes.cpp",
               "what is due is passed over while a repeat of its start is being refused", "L1", "Escrow before 0.1", 1'164'462},
    PlantedBug{"page_brings_back_what_is_gone", "node/node.cpp", "what ended and was removed comes back from a page read before", "S13",
               "Escrow before 0.1", 1'795'388'200'000'108'714},
    PlantedBug{"full_memory_makes_no_room", "node/node.cpp", "a few that are called again and again keep the rest in the log", "L2",
               "Escrow before 0.1", 287'611'069'000'296'296},
    PlantedBug{"lazy_writes_never_leave", "node/node.cpp", "what may be written later is never written", "L8"},
    PlantedBug{"calls_beside_an_open_call", "node/node_calls.cpp", "a branch is called while its earlier call is open", "S14"},
    PlantedBug{"first_branch_for_all", "node/node_calls.cpp", "a call carries another branch's id and payload", "S14"},
    PlantedBug{"forgets_that_calls_end", "node/node_calls.cpp", "a call that ended still counts as open", "L1"},
    PlantedBug{"calls_while_draining", "node/node_calls.cpp", "new calls begin while the coordinator is being stopped", "S13"},
    PlantedBug{"held_back_for_ever", "node/destinations.cpp", "a call that had to wait for its destination is never made", "L1"},
    PlantedBug{"fresh_gid_is_taken", "node/node_requests.cpp", "a start of what somebody looked for before is refused as a conflict",
               "S16"},
    PlantedBug{"turns_starts_away", "node/node_requests.cpp", "a start is one too many before the limit is reached", "L3"},
    PlantedBug{"unknown_is_damaged", "node/node_writes.cpp", "what was never started is told to be damaged", "L3"},
    PlantedBug{"counts_what_ended", "node/node_writes.cpp", "what has ended counts as unfinished until the next restart", "L6"},
    PlantedBug{"wakes_all_the_time", "node/node.cpp", "an idle coordinator looks every millisecond", "L6"},
    PlantedBug{"confirm_goes_to_undo_url", "core/transaction.cpp", "every confirm is sent to where the branch is undone", "S14"},
    PlantedBug{"urls_are_swapped", "core/transaction.cpp", "calls go to another branch's service, and always to the same one", "S15"},
    PlantedBug{"payload_of_the_first_branch", "node/node_calls.cpp", "every call carries the first branch's payload", "S14"},

    // barrier
    PlantedBug{"forward_runs_behind_its_undo", "barrier/rules.cpp", "a call that arrives behind its undo takes effect", "S6", "dtm #478"},
    PlantedBug{"undoes_what_never_ran", "barrier/rules.cpp", "an undo gives back what was never taken", "S4", "seata-go #685"},
    PlantedBug{"undoes_what_was_refused", "barrier/rules.cpp", "an undo gives back what was refused", "S8"},
    PlantedBug{"replays_a_no_as_yes", "barrier/rules.cpp", "the repeat of a refused call is told that it succeeded", "S1"},
    PlantedBug{"refusal_keeps_its_change", "barrier/rules.cpp", "a refused call leaves half of its change behind", "S17"},
    PlantedBug{"keeps_a_final_no", "barrier/rules.cpp", "a refusal that was to be asked again is kept for ever", "S17"},
    PlantedBug{"barrier_key_without_branch", "barrier/rules.cpp", "two branches at one service are taken for one", "S1"},
    PlantedBug{"message_behind_a_no", "barrier/rules.cpp", "the initiator commits although a check was answered no", "S6"},
    PlantedBug{"check_bars_nothing", "barrier/rules.cpp", "a check's no does not bar the initiator", "S1"},

    // store
    PlantedBug{"log_forgets_what_is_due", "store/memory/log.cpp", "recovery never sees what was due", "L1"},
    PlantedBug{"log_forgets_the_run", "store/memory/log.cpp", "a write does not say which run of the coordinator made it", "S12"},
    PlantedBug{"log_forgets_unknown_attempts", "store/encode.cpp", "that a call may have been done is not stored", "S18"},
    PlantedBug{"log_forgets_the_pivot", "store/encode.cpp", "that the pivot's turn has come is not stored", "S18"},
    PlantedBug{"log_forgets_the_order", "store/encode.cpp", "the order of the branches is not stored", "S18"},
    PlantedBug{"log_forgets_who_resolved", "store/decode.cpp", "an operator's word is read as a participant's", "S18"},
};

}  // namespace

std::span<const PlantedBug> planted_bugs() { return planted; }

std::optional<PlantedBug> bug_named(std::string_view name) {
  const auto found = std::ranges::find(planted, name, &PlantedBug::name);
  return found == planted.end() ? std::nullopt : std::optional(*found);
}

}  // namespace escrow::mutants
