#pragma once

#include <string>
#include <vector>

#include "tests/fault-injection/oracles/evidence.hpp"
#include "tests/fault-injection/process/plan.hpp"
#include "tests/fault-injection/process/witness.hpp"

/// A history of real processes, from those who saw it: clients, the log's file, the participants' files. Nobody asks the coordinator.
namespace escrow::processes {

/// Adds a table and triggers to a log that no coordinator has open: from then on each accepted write leaves a copy of its row, in the same
/// SQL transaction.
void install_audit(const std::string& log_path);

struct Observed {
  sim::History history;
  /// What the files themselves say: `integrity_check`, foreign keys, rows that can't be decoded.
  std::vector<std::string> faults;
  /// The writes have the times of everybody else's clock.
  bool shares_clock = true;
};

/// Reads it all. The coordinator and the participants have ended.
///
/// Stamps are wall clock times of one machine. Where two observers' clocks differ in fineness, a question stands before a write and a write
/// before anything else in the same millisecond: the order may hide a mistake of less than a millisecond, and invents none while the
/// machine's wall clock does not go back. Writes stand in the order of the log, whatever the clock does. Where the coordinator's clock is
/// not that of the others (`shares_clock` false) all questions stand first and all writes behind them.
[[nodiscard]] Observed observe(const Witness& witness, const std::string& log_path, const std::vector<std::string>& service_paths,
                               const std::vector<Plan>& plans, bool shares_clock = true);

/// What these oracles say: S1 to S9, S11, S12, S15, S17, S18, T1, L1; and whether each plan ended as it must. Nothing but a deadline that
/// had passed by the log's own times, or a check that came before the local transaction, ends one otherwise; nobody aborts for an initiator
/// who did not ask for it. S16 needs no wire either and is not among them: what clients were told is compared with the end only.
[[nodiscard]] oracles::Violations judge(const Observed& observed, const std::vector<Plan>& plans);
[[nodiscard]] std::string text_of(const oracles::Violations& violations);

}  // namespace escrow::processes
