#include "tests/fault-injection/oracles/s16_model.hpp"

#include <bit>

namespace escrow::oracles {
namespace {

using protocol::ProblemCode;
using sim::Ask;
using Phase = ModelState::Phase;

bool is_there(const ModelState& state) { return state.phase != Phase::absent && state.phase != Phase::retired; }
bool is_decided(const ModelState& state) { return is_there(state) && state.phase != Phase::active; }
bool is_over(const ModelState& state) { return state.phase == Phase::committed || state.phase == Phase::aborted; }
bool commits(const ModelState& state) { return state.phase == Phase::committing || state.phase == Phase::committed; }
bool aborts(const ModelState& state) { return state.phase == Phase::aborting || state.phase == Phase::aborted; }

ModelState with(ModelState state, Phase phase) {
  state.phase = phase;
  return state;
}

std::uint64_t bits_of(const sim::BranchSet& branches) {
  std::uint64_t bits = 0;
  branches.for_each([&](int branch) {
    if (branch >= 0) bits |= std::uint64_t{1} << static_cast<unsigned>(branch);
  });
  return bits;
}

/// Whether the question names a known branch and means another one.
bool conflicts(const sim::Asked& asked, const ModelState& state, const Nature& nature) {
  if ((bits_of(asked.branches) & state.registered) != bits_of(asked.branches)) return false;
  return asked.content != sim::content_of(asked.branches, nature.branch_contents);
}

/// Whether an operator's word can settle this operation now.
bool may_resolve(const sim::Asked& asked, const ModelState& state, const Nature& nature) {
  const bool is_check = asked.operation == OperationName::check;
  const bool is_pivot = nature.pivot >= 0 && asked.branches.contains(nature.pivot) && asked.operation == OperationName::action;
  switch (state.phase) {
    case Phase::active: return is_check || (is_pivot && state.past_pivot);
    // A check only as the repeat of what decided.
    case Phase::committing: return !is_undo(asked.operation);
    case Phase::aborting: return is_undo(asked.operation) || is_pivot || is_check;
    // A repeat of what was settled before the end.
    case Phase::committed:
    case Phase::aborted: return true;
    case Phase::absent:
    case Phase::retired: return false;
  }
  return false;
}

}  // namespace

Nature nature_of(const core::Transaction& value) {
  Nature nature;
  nature.interactive = value.request->interactive;
  nature.has_check = value.request->check.has_value();
  nature.is_driven_message = value.request->mode == protocol::Mode::message && !nature.interactive;
  nature.content = sim::content_of(*value.request);
  nature.given_branches = static_cast<int>(value.request->branches.size());
  for (const core::Branch& branch : value.branches) nature.branch_contents.push_back(sim::content_of(*branch.request));
  if (const auto pivot = core::pivot_of(value)) nature.pivot = static_cast<int>(*pivot);
  nature.has_pivot = nature.pivot >= 0 && !nature.interactive;
  return nature;
}

std::vector<ModelState> moves_of(const ModelState& state, const Nature& nature) {
  std::vector<ModelState> moves;
  switch (state.phase) {
    case Phase::active:
      // A timeout, a refusal, a check's no; never where nothing but its own check or initiator may decide, and all of it may come at once.
      moves.push_back(with(state, Phase::aborting));
      if (!nature.interactive || nature.has_check) moves.push_back(with(state, Phase::committing));
      if (nature.has_pivot && !state.past_pivot) {
        moves.push_back(state);
        moves.back().past_pivot = true;
      }
      break;
    case Phase::committing: moves.push_back(with(state, Phase::committed)); break;
    case Phase::aborting: moves.push_back(with(state, Phase::aborted)); break;
    case Phase::committed:
    case Phase::aborted:
      if (nature.is_removed) moves.push_back(with(state, Phase::retired));
      break;
    case Phase::absent:
    case Phase::retired: break;
  }
  return moves;
}

std::vector<ModelState> effects_of(const sim::Asked& asked, const ModelState& state, const Nature& nature) {
  switch (asked.what) {
    case Ask::start:
      if (state.phase == Phase::absent && asked.content == nature.content) {
        ModelState started = with(state, nature.is_driven_message ? Phase::committing : Phase::active);
        started.registered = (std::uint64_t{1} << static_cast<unsigned>(nature.given_branches)) - 1;
        return {started};
      }
      break;
    case Ask::register_branches:
      if (state.phase == Phase::active && nature.interactive && !conflicts(asked, state, nature)) {
        ModelState registered = state;
        registered.registered |= bits_of(asked.branches);
        return {registered};
      }
      break;
    case Ask::commit:
      if (state.phase == Phase::active && nature.interactive) return {with(state, Phase::committing)};
      break;
    case Ask::abort:
      if (state.phase == Phase::active && !state.past_pivot) return {with(state, Phase::aborting)};
      break;
    case Ask::resolve:
      if (state.phase == Phase::active && may_resolve(asked, state, nature))
        return {with(state, Phase::committing), with(state, Phase::aborting), state};
      break;
    case Ask::look:
    case Ask::extend:
    case Ask::retry: break;
  }
  return {state};
}

bool is_answer(const sim::Asked& asked, const sim::Told& told, const ModelState& before, const ModelState& after, const Nature& nature) {
  const auto refused_as = [&](ProblemCode code) { return told.problem == code && before == after; };
  const bool accepted = !told.problem;
  if (asked.what == Ask::start) {
    if (before.phase == Phase::absent) return accepted && told.created && after.phase != Phase::absent;
    if (before.phase == Phase::retired || asked.content != nature.content) return refused_as(ProblemCode::gid_conflict);
    return accepted && !told.created;
  }
  if (!is_there(before)) return refused_as(ProblemCode::not_found);
  switch (asked.what) {
    case Ask::start: break;
    case Ask::look: return accepted;
    case Ask::register_branches:
      if (!nature.interactive) return refused_as(ProblemCode::not_interactive);
      if (is_decided(before)) return refused_as(ProblemCode::already_decided);
      if (conflicts(asked, before, nature)) return refused_as(ProblemCode::branch_conflict);
      return accepted && told.created == (before.registered != after.registered);
    case Ask::commit:
      if (!nature.interactive) return refused_as(ProblemCode::not_interactive);
      if (aborts(before)) return refused_as(ProblemCode::already_decided);
      return accepted && commits(after);
    case Ask::abort:
      if (commits(before)) return refused_as(ProblemCode::already_decided);
      if (before.phase == Phase::active && before.past_pivot) return refused_as(ProblemCode::past_pivot);
      return accepted && aborts(after);
    case Ask::extend:
      if (!nature.interactive) return refused_as(ProblemCode::not_interactive);
      if (is_decided(before)) return refused_as(ProblemCode::already_decided);
      return nature.has_check ? refused_as(ProblemCode::invalid) : accepted;
    case Ask::retry: return is_over(before) ? refused_as(ProblemCode::already_decided) : accepted;
    case Ask::resolve:
      // What exactly is owed is the business of the participants' answers; here it only must not be what nobody can owe.
      if (accepted) return may_resolve(asked, before, nature);
      return refused_as(ProblemCode::not_resolvable) || refused_as(ProblemCode::invalid);
  }
  return false;
}

bool is_shown(const sim::Told& told, const ModelState& state) {
  const core::Transaction& value = *told.value;
  if (!is_there(state)) return false;
  // The phases that are there, in the order of the protocol's statuses.
  constexpr auto first = static_cast<int>(Phase::active);
  return static_cast<int>(state.phase) - first == static_cast<int>(value.status) &&
         static_cast<std::size_t>(std::popcount(state.registered)) == value.branches.size();
}

}  // namespace escrow::oracles
