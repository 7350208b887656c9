#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "coordinator/store/log.hpp"

/// Transactions for tests of the store: what a transaction of the engine may look like, and more.
namespace escrow::testing {

/// Every member of a transaction, payloads and outputs too, as text for comparison; what differs is easy to see.
[[nodiscard]] std::string text_of(const core::Transaction& transaction);

/// A transaction with two branches as it is after its start, at revision 1; `saga`, active, due at its start.
[[nodiscard]] core::Transaction started(const std::string& gid, std::int64_t started_at_ms = 1'000);
/// The write that a start is, with one event.
[[nodiscard]] store::Write start_of(const core::Transaction& transaction, std::int64_t due_at_ms = 1'000);
/// The next revision, and the write that makes it, with one event.
[[nodiscard]] store::Write next_of(core::Transaction& transaction, std::int64_t due_at_ms = 1'000);
/// The next revision, at which it is committed.
[[nodiscard]] store::Write end_of(core::Transaction& transaction, std::int64_t finished_at_ms = 2'000);

[[nodiscard]] core::HistoryEvent event(protocol::EventType type, std::int64_t at_ms = 1'000);

/// Random transactions that use every member; the same seed gives the same.
class RandomTransactions {
 public:
  explicit RandomTransactions(std::uint64_t seed) : random_(seed) {}

  /// At revision 1.
  [[nodiscard]] core::Transaction start(const std::string& gid);
  /// Changes about everything that may change, adds branches and outputs; one revision on.
  void change(core::Transaction& transaction);
  [[nodiscard]] std::vector<core::HistoryEvent> history();

 private:
  std::int64_t number(std::int64_t least, std::int64_t most);
  bool chance(int percent);
  core::Time time();
  std::string text(std::size_t longest);
  protocol::RetryPolicy retry();
  std::vector<protocol::HeaderField> headers();
  protocol::BranchRequest branch_request(std::size_t index, bool is_graph);
  core::Operation operation(std::int64_t revision);
  void change_operation(std::optional<core::Operation>& operation, std::int64_t revision);
  void add_operations(core::Branch& branch, std::int64_t revision);
  template <class Word>
  Word word(std::initializer_list<Word> words);

  std::mt19937_64 random_;
};

}  // namespace escrow::testing
