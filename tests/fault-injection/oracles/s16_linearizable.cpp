#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/oracles/s16_model.hpp"

/// Wing and Gong's search, done as the history goes on: all states are kept in which the transaction may be, each with the questions that
/// may have taken effect already. An answer drops those that it contradicts; when none is left, no order of the questions explains what was
/// told. A question without an answer may take effect at any time after it was asked, or never.
namespace escrow::oracles {
namespace {

using protocol::ProblemCode;

// Questions open at the same time: bits of a word.
constexpr std::size_t most_open = 64;

struct Possible {
  ModelState state;
  /// Of each open question: it has taken effect; its answer's transaction was seen.
  std::uint64_t done = 0;
  std::uint64_t seen = 0;

  bool operator==(const Possible&) const = default;
};

/// After these nothing was recorded, or a repeat finds it: as good as no answer.
bool says_nothing(const sim::Told& told, const Nature& nature) {
  // It may have been there, and have been removed before the answer was ready.
  if (told.problem == ProblemCode::not_found && nature.is_removed) return true;
  return told.problem == ProblemCode::store_unavailable || told.problem == ProblemCode::overloaded ||
         told.problem == ProblemCode::draining || told.problem == ProblemCode::internal;
}

class Search {
 public:
  Search(const Case& one, const Nature& nature) : case_(one), nature_(nature), possible_{Possible{}} {}

  /// The answer that no order explains; null: there is none.
  const sim::Told* run() {
    std::vector<Step> steps;
    for (const sim::Asked* asked : case_.asked) {
      if (!asked->taken) continue;
      const auto told = std::ranges::find(case_.told, asked->token, &sim::Told::token);
      const bool is_answered = told != case_.told.end() && !says_nothing(**told, nature_);
      steps.push_back({asked->seq, asked, is_answered ? *told : nullptr, false});
      if (is_answered) steps.push_back({(*told)->seq, asked, *told, true});
    }
    std::ranges::sort(steps, {}, &Step::seq);
    for (const Step& step : steps) {
      if (step.told == nullptr) {
        if (step.asked->what != sim::Ask::look && step.asked->what != sim::Ask::retry) unanswered_.push_back(step.asked);
      } else if (!step.is_answer) {
        open(step);
      } else if (!close(step)) {
        return step.told;
      }
    }
    return nullptr;
  }

 private:
  struct Step {
    std::uint64_t seq = 0;
    const sim::Asked* asked = nullptr;
    const sim::Told* told = nullptr;
    bool is_answer = false;
  };

  void open(const Step& step) {
    const auto slot = static_cast<std::size_t>(std::countr_one(used_));
    // More than a word holds: what this one is told is not judged, only what it may do.
    if (slot >= most_open) return unanswered_.push_back(step.asked);
    used_ |= std::uint64_t{1} << slot;
    open_[slot] = step;
  }

  bool close(const Step& step) {
    std::size_t slot = 0;
    while (slot < most_open && ((used_ & (std::uint64_t{1} << slot)) == 0 || open_[slot].asked != step.asked)) ++slot;
    if (slot == most_open) return true;
    const std::uint64_t bit = std::uint64_t{1} << slot;
    spread();
    std::erase_if(possible_, [&](const Possible& one) { return (one.done & one.seen & bit) == 0; });
    for (Possible& one : possible_) {
      one.done &= ~bit;
      one.seen &= ~bit;
    }
    used_ &= ~bit;
    // What differed only in this question is the same now.
    std::vector<Possible> kept;
    for (const Possible& one : possible_) add(kept, one);
    possible_ = std::move(kept);
    return !possible_.empty();
  }

  /// Of two ways to the same state the one that has answered more questions can do whatever the other one can.
  static void add(std::vector<Possible>& all, const Possible& one) {
    const auto has_all = [](const Possible& more, const Possible& less) {
      return more.state == less.state && (more.done & less.done) == less.done && (more.seen & less.seen) == less.seen;
    };
    if (std::ranges::any_of(all, [&](const Possible& other) { return has_all(other, one); })) return;
    all.push_back(one);
  }

  /// Everything that may have happened by now.
  void spread() {
    for (Possible& one : possible_) settle(one);
    for (std::size_t i = 0; i < possible_.size(); ++i) {
      const Possible from = possible_[i];
      for (const ModelState& state : moves_of(from.state, nature_)) go(from, state, 0);
      for (const sim::Asked* asked : unanswered_) {
        for (const ModelState& state : effects_of(*asked, from.state, nature_)) go(from, state, 0);
      }
      for (std::uint64_t rest = used_ & ~from.done; rest != 0; rest &= rest - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(rest));
        const Step& step = open_[slot];
        for (const ModelState& state : effects_of(*step.asked, from.state, nature_)) {
          if (is_answer(*step.asked, *step.told, from.state, state, nature_)) go(from, state, std::uint64_t{1} << slot);
        }
      }
    }
  }

  void go(const Possible& from, const ModelState& state, std::uint64_t done) {
    if (state == from.state) return;
    Possible to{state, from.done | done, from.seen};
    settle(to);
    add(possible_, to);
  }

  /// Answers at once what this state answers without changing: waiting with it is never better.
  void settle(Possible& one) const {
    for (std::uint64_t rest = used_; rest != 0; rest &= rest - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(rest));
      const std::uint64_t bit = std::uint64_t{1} << slot;
      const Step& step = open_[slot];
      if ((one.done & bit) == 0) {
        const auto effects = effects_of(*step.asked, one.state, nature_);
        const bool stays = std::ranges::find(effects, one.state) != effects.end();
        if (stays && is_answer(*step.asked, *step.told, one.state, one.state, nature_)) one.done |= bit;
      }
      const bool is_seen = (one.done & bit) != 0 && (!step.told->value || is_shown(*step.told, one.state));
      if (is_seen) one.seen |= bit;
    }
  }

  const Case& case_;
  const Nature& nature_;
  std::vector<Possible> possible_;
  std::vector<const sim::Asked*> unanswered_;
  std::array<Step, most_open> open_{};
  std::uint64_t used_ = 0;
};

/// Where the log never held anything, every start found the gid free and every other question found nothing: all of them in vain. A start
/// that was acknowledged all the same is the business of S9.
const sim::Told* untrue_of_nothing(const Case& one) {
  const auto found = std::ranges::find_if(one.told, [](const sim::Told* told) {
    if (says_nothing(*told, Nature{}) || !told->problem) return false;
    return told->what == sim::Ask::start || told->problem != ProblemCode::not_found;
  });
  return found == one.told.end() ? nullptr : *found;
}

/// What was told before a question was asked must be known to its answer.
void judge_revisions(const Case& one, Violations& violations) {
  for (std::size_t i = 0; i < one.told.size(); ++i) {
    const sim::Told& told = *one.told[i];
    const auto* asked = told.value ? one.question(told.token) : nullptr;
    if (asked == nullptr) continue;
    for (std::size_t before = 0; before < i; ++before) {
      const sim::Told& earlier = *one.told[before];
      if (!earlier.value || earlier.seq > asked->seq || told.value->revision >= earlier.value->revision) continue;
      violations.push_back(
          {"S16", one.transaction,
           "revision " + std::to_string(told.value->revision) + " was shown after revision " + std::to_string(earlier.value->revision)});
      break;
    }
  }
}

std::string describe(const sim::Told& told) {
  std::string text = "answer " + std::to_string(told.token);
  if (told.problem) return text + " (" + std::string(protocol::to_string(*told.problem)) + ")";
  if (!told.value) return text;
  return text + " (" + std::string(protocol::to_string(told.value->status)) + " at revision " + std::to_string(told.value->revision) + ")";
}

}  // namespace

void s16_linearizable(const Evidence& evidence, Violations& violations) {
  for (const Case& one : evidence.cases()) {
    const core::Transaction* known = one.final != nullptr ? one.final : one.written.empty() ? nullptr : one.written.back()->value.get();
    if (known == nullptr) {
      if (const sim::Told* told = untrue_of_nothing(one))
        violations.push_back({"S16", one.transaction, "nothing was ever written, and that does not explain " + describe(*told)});
      continue;
    }
    judge_revisions(one, violations);
    Nature nature = nature_of(*known);
    nature.is_removed = is_removed(evidence, one);
    const sim::Told* told = Search(one, nature).run();
    if (told != nullptr) violations.push_back({"S16", one.transaction, "no order of the questions explains " + describe(*told)});
  }
}

}  // namespace escrow::oracles
