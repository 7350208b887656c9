#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/assert.hpp"
#include "tests/fault-injection/sim/history.hpp"

/// What the oracles look at, and what they say. They judge from participants' tables, the wire, the clients' histories and the log.
namespace escrow::oracles {

using protocol::OperationName;
using protocol::OperationState;
using protocol::Role;
using protocol::Status;

/// Everything that observers saw of one transaction, each list in order.
struct Case {
  int transaction = -1;
  std::vector<const sim::Sent*> sent;
  std::vector<const sim::Ended*> ended;
  std::vector<const sim::Committed*> committed;
  std::vector<const sim::Written*> written;
  std::vector<const sim::Asked*> asked;
  std::vector<const sim::Told*> told;
  std::vector<const sim::BarrierRow*> rows;
  /// What the log held at the end; null: nothing.
  const core::Transaction* final = nullptr;

  [[nodiscard]] std::size_t effects(int branch, OperationName operation) const;
  /// The log as it was when `seq` happened; null: nothing durable yet.
  [[nodiscard]] const core::Transaction* log_before(std::uint64_t seq) const;
  /// The question with this token, and the call with this number; null: there is none. Both are numbered in the order they were made.
  [[nodiscard]] const sim::Asked* question(std::uint64_t token) const;
  [[nodiscard]] const sim::Sent* call(std::uint64_t number) const;

 private:
  friend class Evidence;
  void clear();
};

/// A history sorted by transaction. Made once for a run, and asked by everyone; `look_at` another one keeps the memory.
class Evidence {
 public:
  Evidence() = default;
  explicit Evidence(const sim::History& seen) { look_at(seen); }
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  /// The history must outlive what is asked of it.
  void look_at(const sim::History& seen);
  [[nodiscard]] const sim::History& history() const { return *history_; }
  [[nodiscard]] std::span<const Case> cases() const { return {cases_.data(), used_}; }

 private:
  template <class Record>
  void sort_in(const std::vector<Record>& records, std::vector<const Record*> Case::* list);
  Case& case_of(int transaction);

  const sim::History* history_ = nullptr;
  std::vector<Case> cases_;
  /// As many of them belong to this history.
  std::size_t used_ = 0;
};

/// A value for each operation of each branch (-1: the check, and the initiator's own local transaction), all of them zero at first.
template <class Value>
class ByOperation {
 public:
  Value& operator()(int branch, OperationName operation) { return row(branch)[static_cast<std::size_t>(operation)]; }

 private:
  static constexpr std::size_t operations = 6;
  static_assert(static_cast<std::size_t>(OperationName::check) < operations);
  using Row = std::array<Value, operations>;

  // Most transactions have few branches, and those few need no memory of their own.
  Row& row(int branch) {
    ESCROW_ASSERT(branch >= -1);
    const auto place = static_cast<std::size_t>(branch + 1);
    if (place < few_.size()) return few_[place];
    if (more_.size() <= place - few_.size()) more_.resize(place - few_.size() + 1);
    return more_[place - few_.size()];
  }

  std::array<Row, 8> few_{};
  std::vector<Row> more_;
};

/// Its retention ended within the history: from then on nobody knows it.
[[nodiscard]] bool is_removed(const Evidence& evidence, const Case& one);
/// Its row was damaged for good: nobody can be asked to end it, and nobody may touch it.
[[nodiscard]] bool is_damaged(const Evidence& evidence, const Case& one);

/// What its initiator declared of a branch (-1: of itself); null: the history does not say.
[[nodiscard]] const sim::Declared* declared_of(const Evidence& evidence, int transaction, int branch);

struct Violation {
  std::string_view oracle;
  int transaction = -1;
  std::string what;
};
using Violations = std::vector<Violation>;

[[nodiscard]] bool is_forward(OperationName operation);
[[nodiscard]] bool is_undo(OperationName operation);
/// The place of an operation in its branch as the log's final value knows it; nothing: the branch is not there.
[[nodiscard]] std::optional<Role> role_in(const core::Transaction& transaction, int branch, OperationName operation);
/// Whether the operation was settled by an operator's word, which nobody else can vouch for.
[[nodiscard]] bool is_resolved(const core::Transaction& transaction, int branch, Role role);
[[nodiscard]] std::string name_of(int branch, OperationName operation);

}  // namespace escrow::oracles
