#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fault-injection/oracles/evidence.hpp"
#include "tests/fault-injection/sim/faults.hpp"

/// What must happen sometimes: a batch of runs in which nothing happened proves nothing.
namespace escrow::oracles {

/// One counter for each thing worth seeing; declared once, in sometimes.cpp.
enum class Sometimes : std::uint8_t {
  committed,
  aborted,
  confirmed,
  cancelled,
  compensated,
  null_compensation,
  barred_forward,
  duplicate_suppressed,
  refused_for_good,
  unknown_then_refused,
  pivot_unknown_then_refused,
  pivot_committed,
  resolved,
  attention,
  recovered,
  recovered_aborting,
  recovered_committing,
  crash_in_recovery,
  unknown_write_applied,
  unknown_write_lost,
  amnesia,
  drained,
  deadline_aborted,
  attempts_exhausted,
  aborted_by_initiator,
  late_registration_refused,
  late_commit_refused,
  gid_conflict,
  branch_conflict,
  start_repeated,
  past_pivot,
  check_committed,
  check_refused,
  late_answer_counted,
  overloaded,
  told_at_the_end,
  recovered_active,
  several_runs,
  message_sent,
  message_recorded,
  message_barred,
  graph_committed,
  graph_aborted,
  mixed_committed,
  mixed_aborted,
  interactive_committed,
  interactive_aborted,
  empty_commit,
  pivot_refused,
  skipped,
  attention_on_forward,
  attention_on_confirm,
  attention_on_undo,
  attention_on_check,
  forward_refused,
  forward_in_progress,
  forward_postponed,
  forward_unknown,
  final_refused,
  final_in_progress,
  final_postponed,
  final_unknown,
  check_unknown,
  answer_to_the_dead,
  extended,
  retried_now,
  store_unavailable,
  draining,
  unknown_gid,
  removed,
  damaged,
  late_answer_ignored,
  deadline_beat_commit,
  commit_beat_deadline,
  clock_jump_with_deadline,
  shared_account,
  looked_in_between,
  conflict,
  lost_write_returned,
  late_write,
  late_write_kept_out,
  count
};
inline constexpr std::size_t sometimes_count = static_cast<std::size_t>(Sometimes::count);
[[nodiscard]] std::string_view name_of(Sometimes what);

struct Tally {
  std::array<std::uint64_t, sometimes_count> counts{};
  std::array<std::uint64_t, sim::fault_points> fired{};

  void add(const Evidence& evidence, const std::vector<sim::Fired>& faults);
  void add(const Tally& other);
  /// What never happened: a batch with any of it proves too little.
  [[nodiscard]] std::vector<std::string_view> missing() const;
  [[nodiscard]] std::uint64_t operator[](Sometimes what) const { return counts[static_cast<std::size_t>(what)]; }
};

}  // namespace escrow::oracles
