#pragma once

#include <cstdint>
#include <vector>

#include "tests/fault-injection/oracles/evidence.hpp"

/// What one transaction looks like to its clients if everything happens one after the other: the sequential model that S16 holds histories
/// against. It knows the protocol, and nothing of how a coordinator works.
namespace escrow::oracles {

/// What stays the same for a transaction, as its initiator gave it.
struct Nature {
  bool interactive = false;
  bool has_check = false;
  bool has_pivot = false;
  bool is_driven_message = false;
  std::uint64_t content = 0;
  int given_branches = 0;
  /// By branch; what is registered first is what counts.
  std::vector<std::uint64_t> branch_contents;
  /// The branch that is the pivot; -1: none.
  int pivot = -1;
  /// Its retention ended while the history was made: from some time after the end on nobody knows it any more.
  bool is_removed = false;
};
[[nodiscard]] Nature nature_of(const core::Transaction& value);

struct ModelState {
  enum class Phase : std::uint8_t { absent, active, committing, aborting, committed, aborted, retired } phase = Phase::absent;
  /// That the pivot's turn has come.
  bool past_pivot = false;
  /// How many branches the transaction has: they are registered in order, and those given come first.
  std::uint64_t registered = 0;

  bool operator==(const ModelState&) const = default;
};

/// Where the transaction may go by itself. No state is ever returned to, and a question that has taken effect has none a second time: S16
/// rests on both.
[[nodiscard]] std::vector<ModelState> moves_of(const ModelState& state, const Nature& nature);
/// What a question makes of a state, whatever the answer; the same state where it is refused. More than one: its answer decides.
[[nodiscard]] std::vector<ModelState> effects_of(const sim::Asked& asked, const ModelState& state, const Nature& nature);
/// Whether the answer is right at the moment in which `before` became `after`.
[[nodiscard]] bool is_answer(const sim::Asked& asked, const sim::Told& told, const ModelState& before, const ModelState& after,
                             const Nature& nature);
/// Whether the transaction that the answer shows can be shown in this state.
[[nodiscard]] bool is_shown(const sim::Told& told, const ModelState& state);

}  // namespace escrow::oracles
