#include "coordinator/core/reaction.hpp"

#include <array>

namespace escrow::core {
namespace {

using protocol::Status;
using R = Reaction;

constexpr std::size_t statuses = 5;

struct Row {
  EventKind event;
  std::string_view name;
  // In the order of protocol::Status: active, committing, aborting, committed, aborted.
  std::array<Reaction, statuses> reactions;
  std::array<std::string_view, statuses> meanings;
};

constexpr std::array<Row, event_kinds> table{{
    {EventKind::branches_registered,
     "branches_registered",
     {R::decide, R::already_decided, R::already_decided, R::already_decided, R::already_decided},
     {"interactive: records all or none of the branches, known ones change nothing; driven: `not_interactive`", "", "", "", ""}},
    {EventKind::commit_requested,
     "commit_requested",
     {R::decide, R::repeat, R::already_decided, R::repeat, R::already_decided},
     {"interactive: commit is decided; driven: `not_interactive`", "", "", "", ""}},
    {EventKind::abort_requested,
     "abort_requested",
     {R::decide, R::already_decided, R::repeat, R::already_decided, R::repeat},
     {"abort is decided, unless the pivot's turn has come: `past_pivot`", "", "", "", ""}},
    {EventKind::extended,
     "extended",
     {R::decide, R::already_decided, R::already_decided, R::already_decided, R::already_decided},
     {"interactive without check: the deadline becomes now + timeout; driven: `not_interactive`; with check: `invalid`", "", "", "", ""}},
    {EventKind::time_passed,
     "time_passed",
     {R::decide, R::decide, R::decide, R::ignore, R::ignore},
     {"past the deadline abort is decided, unless the pivot's turn has come; attention that is due is raised",
      "attention that is due is raised", "attention that is due is raised", "", ""}},
    {EventKind::called,
     "called",
     {R::decide, R::decide, R::decide, R::ignore, R::ignore},
     {"a waiting operation is calling", "a waiting operation is calling", "a waiting operation is calling", "", ""}},
    {EventKind::answered,
     "answered",
     {R::decide, R::decide, R::decide, R::ignore, R::ignore},
     {"forward: success goes on or decides commit, refusal or attempts used up decide abort, the pivot only by refusal; check: 2xx "
      "commits, 409 aborts",
      "confirms, messages and operations behind the pivot: success settles them, all settled: committed; anything else is called again",
      "a late forward answer counts: succeeded or unknown is undone, refused is skipped; undos: success settles them, all settled: aborted",
      "", ""}},
    {EventKind::resolved,
     "resolved",
     {R::decide, R::decide, R::decide, R::decide, R::decide},
     {"the pivot whose turn has come, the check: decides commit or abort; anything else: `not_resolvable`",
      "an operation that is owed is settled by hand", "an operation that is owed is settled by hand",
      "what was resolved already: a repeat; anything else: `not_resolvable`",
      "what was resolved already: a repeat; anything else: `not_resolvable`"}},
    {EventKind::retried_now,
     "retried_now",
     {R::decide, R::decide, R::decide, R::already_decided, R::already_decided},
     {"what backs off is due now", "what backs off is due now", "what backs off is due now", "", ""}},
    {EventKind::adopted,
     "adopted",
     {R::decide, R::decide, R::decide, R::ignore, R::ignore},
     {"an operation whose turn had come counts as called, with unknown result, and is called again",
      "an operation whose turn had come counts as called and is called again",
      "a forward call in flight has ended as unknown; an undo whose turn had come is called again", "", ""}},
}};

constexpr const Row& row(EventKind event) { return table[static_cast<std::size_t>(event)]; }

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].event != static_cast<EventKind>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "the table is indexed by event kind");

}  // namespace

EventKind kind_of(const Event& event) {
  static_assert(std::variant_size_v<Event> == event_kinds);
  return static_cast<EventKind>(event.index());
}

Reaction reaction(Status status, EventKind event) { return row(event).reactions[static_cast<std::size_t>(status)]; }
std::string_view meaning(Status status, EventKind event) { return row(event).meanings[static_cast<std::size_t>(status)]; }
std::string_view to_string(EventKind event) { return row(event).name; }

std::string_view to_string(Reaction reaction) {
  switch (reaction) {
    case Reaction::decide: return "decide";
    case Reaction::repeat: return "repeat";
    case Reaction::already_decided: return "already_decided";
    case Reaction::ignore: return "ignore";
  }
  return "";
}

}  // namespace escrow::core
