#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

/// Random transactions under random events. The promises are checked at every step; the oracles here are told apart from the machine: they
/// look only at what was called and answered.
using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Kind;
using protocol::Mode;
using protocol::OperationState;
using protocol::Role;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  /// 0 to n - 1; not std::uniform_int_distribution, which differs from library to library.
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_()) % n; }
  bool once_in(unsigned n) { return below(n) == 0; }

 private:
  std::mt19937 engine_;
};

Draft random_draft(Dice& dice) {
  const auto mode = static_cast<Mode>(dice.below(4));
  Draft draft(mode);
  const bool check = mode == Mode::message && dice.once_in(2);
  if (check) {
    draft.check(1'000);
  } else if (mode != Mode::message && dice.once_in(3)) {
    draft.interactive();
  }
  draft.attention_after(1 + dice.below(4)).timeout_ms(1 + dice.below(20'000)).pause_ms(1 + dice.below(500), 5'000);
  const bool graph = mode != Mode::message && dice.once_in(3);
  const bool interactive = draft.request()->interactive;
  const unsigned count = 1 + dice.below(5);
  const unsigned pivot_at =
      mode != Mode::tcc && mode != Mode::message && !interactive && !graph && dice.once_in(2) ? dice.below(count) : count;
  for (unsigned i = 0; i < count; ++i) {
    const Kind kind = i == pivot_at ? Kind::saga : mode == Mode::mixed ? static_cast<Kind>(dice.below(3)) : static_cast<Kind>(mode);
    std::vector<std::string> before;
    for (unsigned b = 0; b < i; ++b) {
      if (draft.request()->branches[b].kind != Kind::message && dice.once_in(2)) before.push_back(std::to_string(b));
    }
    const bool bare = kind == Kind::saga && dice.once_in(4);
    const bool ordered = graph && kind != Kind::message;
    draft.with(kind, std::to_string(i), [&](protocol::BranchRequest& branch) {
      if (i == pivot_at) pivot(branch);
      if (bare) without_undo(branch);
      if (ordered) after(before)(branch);
    });
  }
  return draft.max_attempts(dice.below(4));
}

core::Outcome random_outcome(Dice& dice) {
  switch (dice.below(8)) {
    case 0: return refused(dice.once_in(2) ? 409 : 422);
    case 1: return in_progress();
    case 2: return postponed(Duration(dice.below(100'000)));
    case 3: return lost();
    default: return ok();
  }
}

/// What the participants have seen: whether the effect of an operation may be there.
struct Seen {
  bool maybe = false;
  bool succeeded = false;
};

class Walk {
 public:
  explicit Walk(unsigned seed) : dice_(seed), story_(random_draft(dice_)) {}

  void run() {
    for (int step = 0; step < 60 && !story_.transaction.is_terminal(); ++step) take_step();
    finish();
    judge();
  }

 private:
  void take_step() {
    const auto ready = core::ready(story_.transaction, story_.now);
    switch (dice_.below(16)) {
      case 0:
        story_.crash();
        open_.clear();
        break;
      case 1:
        story_.crash_before_lazy_writes();
        open_.clear();
        break;
      case 2:
        if (dice_.once_in(3)) story_.abort();
        break;
      case 3:
        if (dice_.once_in(2)) story_.commit();
        break;
      case 4: story_.retry_now(); break;
      case 5:
        if (dice_.once_in(4)) resolve_something();
        break;
      case 6:
      case 7: story_.pass(Duration(dice_.below(3'000))); break;
      case 8:
      case 9:
      case 10:
      case 11:
        if (!open_.empty()) end_call(dice_.below(static_cast<unsigned>(open_.size())), random_outcome(dice_));
        break;
      default:
        if (!ready.empty()) begin_call(ready[dice_.below(static_cast<unsigned>(ready.size()))]);
    }
  }

  void begin_call(core::OperationRef ref) {
    if (ref.role == Role::undo) {
      // Not before every branch behind it was undone, as far as anything of them may be there.
      for (const auto& [other, seen] : forward_) {
        const auto& behind = story_.transaction.branches[other];
        const bool comes_after = std::ranges::find(behind.predecessors, ref.branch) != behind.predecessors.end();
        if (comes_after && seen.maybe && behind.undo) REQUIRE(protocol::is_settled(behind.undo->state));
      }
    }
    story_.apply(core::Called{ref});
    open_.push_back(ref);
    if (ref.role == Role::forward) forward_[ref.branch].maybe = true;
  }

  void end_call(unsigned index, const core::Outcome& outcome) {
    const auto ref = open_[index];
    open_.erase(open_.begin() + index);
    if (ref.role == Role::forward && outcome.outcome == core::Outcome::Class::succeeded) forward_[ref.branch].succeeded = true;
    story_.apply(core::Answered{ref, outcome, 0.5});
  }

  void resolve_something() {
    const auto turns = core::turns(story_.transaction);
    if (turns.empty()) return;
    const auto ref = turns[dice_.below(static_cast<unsigned>(turns.size()))];
    story_.apply(core::Resolved{ref, dice_.once_in(2), "by hand", "kim"});
    resolved_ = resolved_ || !story_.decision.refusal;
  }

  /// The faults are over: everything answers, initiators speak, operators look. It must end.
  void finish() {
    for (int round = 0; round < 200 && !story_.transaction.is_terminal(); ++round) {
      while (!open_.empty()) end_call(0, ok());
      const auto& transaction = story_.transaction;
      if (transaction.status == protocol::Status::active && transaction.request->interactive) story_.commit();
      for (const auto ref : core::ready(story_.transaction, story_.now)) begin_call(ref);
      for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
        const auto& forward = transaction.branches[i].forward;
        if (forward && forward->state == OperationState::failed && forward->attention && open_.empty()) {
          story_.apply(core::Resolved{{i, Role::forward}, false, "looked", "kim"});
        }
      }
      story_.pass(Duration(100'000));
    }
    INFO(dump(story_.transaction));
    REQUIRE(story_.transaction.is_terminal());
  }

  /// All or nothing: committed, and every forward operation succeeded and every confirm; or aborted, and all that may be there was undone.
  void judge() const {
    INFO(dump(story_.transaction));
    const bool committed = story_.transaction.status == protocol::Status::committed;
    for (std::uint32_t i = 0; i < story_.transaction.branches.size(); ++i) {
      const auto& branch = story_.transaction.branches[i];
      if (committed) {
        if (branch.forward) REQUIRE(branch.forward->state == OperationState::succeeded);
        if (branch.confirm) REQUIRE(branch.confirm->state == OperationState::succeeded);
        if (branch.undo) REQUIRE(branch.undo->state == OperationState::skipped);
        continue;
      }
      if (branch.confirm) REQUIRE(branch.confirm->state == OperationState::skipped);
      const auto seen = forward_.find(i);
      const bool may_be_there = seen != forward_.end() && seen->second.succeeded;
      if (branch.undo && (may_be_there || story_.transaction.request->interactive))
        REQUIRE(branch.undo->state == OperationState::succeeded);
      if (branch.undo && seen == forward_.end() && !story_.transaction.request->interactive &&
          story_.times_told(protocol::EventType::recovered) == 0) {
        REQUIRE(branch.undo->state == OperationState::skipped);
      }
    }
  }

  Dice dice_;
  Story story_;
  std::vector<core::OperationRef> open_;
  std::map<std::uint32_t, Seen> forward_;
  bool resolved_ = false;
};

}  // namespace

TEST_CASE("random transactions under random events keep every promise and end", "[core][walk]") {
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    INFO("seed " << seed);
    Walk(seed).run();
  }
}
