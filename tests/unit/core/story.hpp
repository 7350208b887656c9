#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/decide.hpp"
#include "tests/unit/core/draft.hpp"
#include "tests/unit/core/outcome.hpp"

/// A transaction and what happened to it, told in words: operations are "a.action", "b.cancel", "check". Every event that a story applies
/// is held against the promises that no event may break (`promises.hpp`).
namespace escrow::tests {

class Story {
 public:
  explicit Story(const Draft& draft);

  core::Transaction transaction;
  /// Of the last event.
  core::Decision decision;
  core::Time now{core::Duration(1'000'000'000'000)};
  double jitter = 0;

  const core::Decision& apply(const core::Event& event);
  Story& call(std::string_view operation);
  Story& answer(std::string_view operation, core::Outcome outcome);
  /// A call and its answer, for each of these operations.
  Story& serve(std::string_view operations, const core::Outcome& outcome);
  /// Everything that may be called now is called and answered alike, until nothing is ready; a bounded number of rounds.
  Story& serve_all(const core::Outcome& outcome);
  Story& pass(core::Duration time);
  /// To the time of the operation's next attempt.
  Story& wait_for(std::string_view operation);
  Story& commit();
  Story& abort();
  Story& add(const protocol::BranchRequest& branch);
  Story& resolve(std::string_view operation, bool succeeded = true);
  Story& retry_now();
  /// The coordinator crashes and starts again: memory is what was written last.
  Story& crash();
  /// The same, and whatever was written lazily since the last barrier is lost, too.
  Story& crash_before_lazy_writes();

  [[nodiscard]] core::OperationRef ref(std::string_view operation) const;
  [[nodiscard]] const core::Operation& operation(std::string_view operation) const;
  [[nodiscard]] protocol::OperationState state(std::string_view operation) const { return this->operation(operation).state; }
  /// All operations with their states: "a.action=succeeded a.compensate=skipped".
  [[nodiscard]] std::string states() const;
  /// What may be called now: "a.action b.action".
  [[nodiscard]] std::string ready() const;
  [[nodiscard]] std::string turns() const;
  [[nodiscard]] std::string status() const { return std::string(to_string(transaction.status)); }
  /// The types of the last event's history: "operation_failed abort_decided".
  [[nodiscard]] std::string told() const;
  [[nodiscard]] std::string refusal() const;
  [[nodiscard]] core::Durability durability() const { return decision.durability; }
  /// All types told since the start.
  [[nodiscard]] const std::vector<core::HistoryEvent>& history() const { return history_; }
  [[nodiscard]] std::size_t times_told(protocol::EventType type) const;

 private:
  [[nodiscard]] std::string name(core::OperationRef ref) const;
  [[nodiscard]] std::string names(const std::vector<core::OperationRef>& refs) const;
  Story& recover(core::Transaction from);

  std::vector<core::HistoryEvent> history_;
  core::Transaction written_;
  core::Transaction written_at_barrier_;
};

/// Everything that a transaction holds, one line a member: equal texts are equal transactions.
[[nodiscard]] std::string dump(const core::Transaction& transaction);

}  // namespace escrow::tests
