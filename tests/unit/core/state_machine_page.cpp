#include "tests/unit/core/state_machine_page.hpp"

#include <array>
#include <sstream>
#include <string_view>

#include "coordinator/core/reaction.hpp"

namespace escrow::tests {
namespace {

using core::EventKind;
using core::Reaction;
using protocol::Status;

constexpr std::array statuses{Status::active, Status::committing, Status::aborting, Status::committed, Status::aborted};

constexpr std::string_view head =
    R"(<!-- Printed by the program print_state_machines; a test compares. Change coordinator/core/reaction.cpp or
     tests/unit/core/state_machine_page.cpp, then: print_state_machines > docs/state-machines.md -->
# State machines

There is one machine for all modes, in `coordinator/core`. It holds one transaction; an event goes in, and what comes out is the changed
transaction, lines of its history, and how durable the record has to be before anyone may learn of it. The words are those of
[protocol.md](protocol.md); how the machine is driven is told in [architecture.md](architecture.md).

## The life of a transaction

```
                       +--> committing ----> committed
   start ---> active --|
                       +--> aborting ------> aborted
```

| from | to | when | record |
| --- | --- | --- | --- |
| - | `active` | a valid start | barrier |
| - | `committing` | the start of a driven message: nothing can refuse it | barrier |
| `active` | `committing` | every forward operation of a driven transaction succeeded; its pivot succeeded; the initiator says commit; the check says so; an operator resolves pivot or check that way | barrier |
| `active` | `aborting` | a forward operation is refused or its attempts are used up; the timeout passes; initiator or operator abort; the check says no; an operator resolves pivot or check that way | barrier |
| `committing` | `committed` | no forward operation behind the pivot and no confirm is owed any more | lazy, or part of the decision's barrier |
| `aborting` | `aborted` | no forward call is in flight, no undo is owed, and no refused pivot waits for an operator's word | lazy, or part of the decision's barrier |

The decision is written once. From then on the other side of the picture cannot be reached, by any event, in any order.
That the pivot's turn has come is a record of its own kind: the status stays `active`, but only the pivot's refusal leads to `aborting` from there.

## Events and statuses

Each cell names the reaction. `decide` means that it depends on what the transaction holds; the section below says how. The other three
change nothing: `repeat` accepts the same decision again, `already_decided` refuses the request, and `ignore` drops what comes too late.
Before this table is asked, a driven transaction refuses `branches_registered`, `commit_requested` and `extended` with `not_interactive`,
whatever its status.

)";

constexpr std::string_view tail = R"(
## The states of an operation

A branch has a forward operation unless its initiator calls it, and a confirm and an undo where its kind and its request have them. A two-phase message
has one more operation, its check, which goes through the same states.

```
               call                answer: not done yet
   waiting ----------> calling ------------------------> backing_off
      |                  |  ^                                 |
      |                  |  +---------------------------------+
      |                  |            its time has come, or "retry now"
      v                  v
   skipped     succeeded, failed, unknown
```

| state | meaning | final |
| --- | --- | --- |
| `waiting` | not called, as far as the log knows: its turn has not come, or a call is about to leave | no |
| `calling` | a request is open | no |
| `backing_off` | called without success; called again at `next_attempt_at`. With attention: a person should look, and calls go on at the longest back-off | no |
| `succeeded` | done: an answer said so, or an operator | yes |
| `failed` | forward and check only: definitely refused. A pivot that was refused after an unknown attempt and has no undo keeps its attention here until an operator resolves it | yes |
| `unknown` | forward only: given up by an abort without a definite answer; its undo is owed | yes |
| `skipped` | never owed: undos after commit, confirms after abort, the undo of what certainly has no effect, forward calls that were never made | yes |

What an answer does depends on the place of the operation:

| answer | forward while `active` | pivot | forward behind the pivot, confirm, undo | check | forward while `aborting` |
| --- | --- | --- | --- | --- | --- |
| success | `succeeded`; the last one commits | `succeeded` and commit | `succeeded`; the last one ends it | commit | `succeeded`, undone |
| refused (409, 422) | `failed` and abort | `failed` and abort | `backing_off`, attention at once | 409: abort; 422: `backing_off`, attention at once | `failed`; undone if an earlier attempt was unclear, else undo `skipped` |
| still working, or not now | `backing_off` | `backing_off` | `backing_off` | `backing_off` | `unknown`, undone |
| no definite answer | `backing_off`; after `max_attempts` of these `unknown` and abort | `backing_off` | `backing_off` | `backing_off` | `unknown`, undone |

An answer for an operation that is not `calling` is dropped: an operator's word came first, or the call belongs to a memory that was lost.

## After a crash

That a call is about to leave is not written. So an operation whose turn had come by the log counts as called, with an unknown attempt
behind it: it is called again, with the same key, and whatever it answers next, its undo is owed if the transaction aborts. A forward call that was in
flight when an abort was recorded ends as `unknown`. A back-off goes on where it was.
)";

void print_table(std::ostream& out) {
  out << "| event |";
  for (const Status status : statuses) out << " `" << to_string(status) << "` |";
  out << "\n| --- |";
  for (std::size_t i = 0; i < statuses.size(); ++i) out << " --- |";
  out << '\n';
  for (std::size_t k = 0; k < core::event_kinds; ++k) {
    const auto kind = static_cast<EventKind>(k);
    out << "| `" << to_string(kind) << "` |";
    for (const Status status : statuses) out << ' ' << to_string(core::reaction(status, kind)) << " |";
    out << '\n';
  }
}

void print_meanings(std::ostream& out) {
  out << "\n### What `decide` means\n\n";
  for (std::size_t k = 0; k < core::event_kinds; ++k) {
    const auto kind = static_cast<EventKind>(k);
    out << "- `" << to_string(kind) << "`\n";
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      const auto text = core::meaning(statuses[i], kind);
      if (text.empty()) continue;
      // Statuses side by side that mean the same are told together.
      std::string names = "`" + std::string(to_string(statuses[i])) + "`";
      while (i + 1 < statuses.size() && core::meaning(statuses[i + 1], kind) == text) {
        names.append(", `").append(to_string(statuses[++i])).append("`");
      }
      out << "  - " << names << ": " << text << '\n';
    }
  }
}

}  // namespace

std::string state_machine_page() {
  std::ostringstream out;
  out << head;
  print_table(out);
  print_meanings(out);
  out << tail;
  return out.str();
}

}  // namespace escrow::tests
