#include "cli/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

namespace escrow::cli {
namespace {

using protocol::Role;

std::string quoted(const std::string& text) {
  constexpr std::size_t longest = 200;
  return "“" + fitted(printable(text), longest) + "”";
}

std::string at_text(Millis at, Millis now) {
  return at > now + 999 ? fmt::format("{} ({} UTC)", relative_text(at, now), clock_text(at)) : "now";
}

std::string count_text(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string place_of(const Trouble& trouble) {
  return trouble.branch != nullptr ? place_text(trouble.branch->id, trouble.operation->name) : "the check of the initiator";
}

bool is_known_refusal(const std::string& text) { return text.starts_with("refused: "); }

/// Whether nothing but its own refusal can abort it any more: the pivot's turn has come.
bool is_past_pivot(const Transaction& transaction) {
  return std::ranges::any_of(transaction.branches, [](const Branch& branch) {
    const Operation* forward = branch.operation(Role::forward);
    return branch.is_pivot && forward != nullptr && forward->state != "waiting" && forward->state != "skipped";
  });
}

std::vector<const Operation*> in_state(const Transaction& transaction, const char* state, std::vector<const Branch*>& branches) {
  std::vector<const Operation*> found;
  if (transaction.check && transaction.check->state == state) {
    found.push_back(&*transaction.check);
    branches.push_back(nullptr);
  }
  for (const Branch& branch : transaction.branches) {
    for (const Operation& operation : branch.operations) {
      if (operation.state != state) continue;
      found.push_back(&operation);
      branches.push_back(&branch);
    }
  }
  return found;
}

/// Undos that can't begin before this one is done.
std::size_t held_back_by(const Transaction& transaction, const Branch& stuck) {
  std::size_t count = 0;
  std::vector<const Branch*> reached = transaction.predecessors(stuck);
  std::vector<const Branch*> seen;
  while (!reached.empty()) {
    const Branch* branch = reached.back();
    reached.pop_back();
    if (std::ranges::find(seen, branch) != seen.end()) continue;
    seen.push_back(branch);
    const Operation* undo = branch->operation(Role::undo);
    if (undo != nullptr && undo->state == "waiting") ++count;
    for (const Branch* before : transaction.predecessors(*branch)) reached.push_back(before);
  }
  return count;
}

/// How it stands with the whole, before what is in the way.
std::string standing(const Transaction& transaction) {
  if (transaction.status == "aborting") return "It aborts because " + abort_cause(transaction);
  if (transaction.status == "committing") return "It is decided to commit";
  if (is_past_pivot(transaction)) return "It is past its point of no return";
  return "It is going forward";
}

/// What limits the time in which something may go on failing.
std::string until_text(const Transaction& transaction, const Trouble& trouble, Millis now) {
  const bool is_forward = trouble.branch != nullptr && trouble.operation->role == Role::forward && trouble.branch->kind != "message";
  if (transaction.status != "active" || !is_forward || is_past_pivot(transaction)) return ", and so on until it succeeds";
  if (!transaction.deadline_at) return ", until its attempts are used up; then the transaction aborts";
  return fmt::format("; if it has not succeeded before its attempts are used up or the time is over {}, the transaction aborts",
                     at_text(*transaction.deadline_at, now));
}

Explanation explain_trouble(const Transaction& transaction, const std::vector<Trouble>& troubles, Millis now) {
  const Trouble& worst = troubles.front();
  const std::string place = place_of(worst);
  Explanation out;
  if (worst.attention != nullptr) {
    const std::string& reason = worst.attention->reason;
    const std::string says = is_known_refusal(reason) ? "says no: " + quoted(reason.substr(9)) : "is not getting done: " + quoted(reason);
    out.why = fmt::format("{}, and is stuck: {} {}. It has needed a person for {}.", standing(transaction), place, says,
                          duration_text(now - worst.attention->since));
  } else {
    out.why = fmt::format("{}, but {} has not succeeded after {}; the last answer: {}.", standing(transaction), place,
                          count_text(static_cast<std::size_t>(std::max<std::int64_t>(worst.operation->attempts, 1)), "call", "calls"),
                          quoted(worst.operation->last_error.value_or("none")));
  }
  if (troubles.size() > 1)
    out.why += fmt::format(" {} in trouble as well.", count_text(troubles.size() - 1, "other operation is", "other operations are"));
  if (worst.operation->state == "calling") {
    out.next = fmt::format("{} is being called again at this moment{}.", place, until_text(transaction, worst, now));
  } else {
    const std::string when = worst.operation->next_attempt_at ? at_text(*worst.operation->next_attempt_at, now) : "soon";
    out.next = fmt::format("{} is called again {}{}.", place, when, until_text(transaction, worst, now));
  }
  if (worst.branch != nullptr && worst.operation->role == Role::undo) {
    if (const std::size_t count = held_back_by(transaction, *worst.branch); count > 0) {
      out.next += fmt::format(" {} for it.", count_text(count, "undo waits", "undos wait"));
    }
  }
  out.commands.push_back(fmt::format("escrowctl transactions retry {}", transaction.gid));
  if (worst.attention == nullptr) return out;
  if (worst.branch == nullptr) {
    out.commands.push_back(fmt::format("escrowctl transactions resolve {} --outcome committed|aborted --reason WHY", transaction.gid));
  } else {
    const bool may_refuse = worst.branch->is_pivot && worst.operation->role == Role::forward;
    out.commands.push_back(fmt::format("escrowctl transactions resolve {} --branch {} --operation {} --outcome {} --reason WHY",
                                       transaction.gid, worst.branch->id, worst.operation->name,
                                       may_refuse ? "succeeded|refused" : "succeeded"));
  }
  return out;
}

Explanation explain_end(const Transaction& transaction) {
  Explanation out;
  const std::string took = duration_text(transaction.finished_at.value_or(transaction.updated_at) - transaction.started_at);
  if (transaction.status == "committed") {
    out.why = transaction.branches.empty()
                  ? fmt::format("It committed after {}; it had no branches.", took)
                  : fmt::format("It committed after {}; {}. Nothing is owed any more.", took,
                                transaction.branches.size() == 1 ? "its branch is done"
                                                                 : fmt::format("all {} branches are done", transaction.branches.size()));
    return out;
  }
  std::string undone;
  for (const Branch& branch : transaction.branches) {
    const Operation* undo = branch.operation(Role::undo);
    if (undo != nullptr && undo->state == "succeeded") undone += (undone.empty() ? "" : ", ") + branch.id;
  }
  out.why = fmt::format("It aborted after {} because {}. {} Nothing is owed any more.", took, abort_cause(transaction),
                        undone.empty() ? "There was nothing to undo." : "Undone: " + undone + ".");
  return out;
}

Explanation explain_calls(const Transaction& transaction, Millis now) {
  std::vector<const Branch*> branches;
  const auto calling = in_state(transaction, "calling", branches);
  Explanation out;
  if (calling.empty()) {
    out.why = standing(transaction) + "; nothing of it is being called at this moment.";
    out.next = "What is owed is called as soon as its turn has come and its destination has a place for the call.";
    return out;
  }
  const Trouble first{branches.front(), calling.front(), nullptr};
  const std::string others =
      calling.size() > 1 ? fmt::format(" and {}", count_text(calling.size() - 1, "other operation", "other operations")) : "";
  out.why = fmt::format("{}: {}{} {} being called at this moment (attempt {}).", standing(transaction), place_of(first), others,
                        calling.size() > 1 ? "are" : "is", std::max<std::int64_t>(calling.front()->attempts, 1));
  out.next = "The answer decides how it goes on; a call without an answer in time is made again";
  out.next += transaction.status == "active" && transaction.deadline_at && !is_past_pivot(transaction)
                  ? fmt::format(", and the transaction aborts if it is not done {}.", at_text(*transaction.deadline_at, now))
                  : ".";
  return out;
}

Explanation explain_waiting_for_initiator(const Transaction& transaction, Millis now) {
  Explanation out;
  const std::string registered =
      transaction.branches.empty() ? "has no branch yet" : "has " + count_text(transaction.branches.size(), "branch", "branches");
  out.why = fmt::format("It waits for its initiator to say commit or abort; it {}.", registered);
  if (transaction.check) {
    const auto& check = *transaction.check;
    out.next = check.next_attempt_at
                   ? fmt::format("The initiator is asked {} at {}.", at_text(*check.next_attempt_at, now), printable(check.url))
                   : fmt::format("The initiator is asked at {}.", printable(check.url));
  } else if (transaction.deadline_at) {
    out.next = fmt::format("If it says nothing, the transaction aborts {}.", at_text(*transaction.deadline_at, now));
  }
  out.commands.push_back(fmt::format("escrowctl transactions commit {}", transaction.gid));
  out.commands.push_back(fmt::format("escrowctl transactions abort {} --reason WHY", transaction.gid));
  return out;
}

}  // namespace

std::string place_text(const std::string& branch, const std::string& operation) {
  return branch.empty() ? operation : printable(branch) + ": " + operation;
}

std::string abort_cause(const Transaction& transaction) {
  if (!transaction.abort_reason) return "of a reason that is not known";
  const AbortReason& reason = *transaction.abort_reason;
  const std::string detail = reason.detail.empty() ? "" : ": " + quoted(reason.detail);
  const std::string branch = printable(reason.branch);
  if (reason.code == "branch_failed") return branch + " said no" + detail;
  if (reason.code == "attempts_exhausted") return branch + " gave no definite answer and its attempts were used up" + detail;
  if (reason.code == "timeout") return "its time was over";
  if (reason.code == "initiator") return "its initiator said so" + detail;
  if (reason.code == "operator") return "an operator said so" + detail;
  if (reason.code == "check_refused") return "its initiator did not know of it when asked" + detail;
  return reason.code + detail;
}

std::vector<Trouble> troubles_of(const Transaction& transaction) {
  std::vector<Trouble> found;
  const auto look = [&](const Branch* branch, const Operation& operation) {
    if (operation.is_settled()) return;
    const auto attention = std::ranges::find_if(transaction.attention, [&](const Attention& one) {
      return one.operation == operation.name && one.branch == (branch != nullptr ? branch->id : std::string());
    });
    const bool is_raised = attention != transaction.attention.end();
    // A check that has not been asked yet backs off, too: it waits for the initiator.
    const bool fails = operation.state == "backing_off" && operation.last_error.has_value();
    if (is_raised || fails) found.push_back({branch, &operation, is_raised ? &*attention : nullptr});
  };
  if (transaction.check) look(nullptr, *transaction.check);
  for (const Branch& branch : transaction.branches) {
    for (const Operation& operation : branch.operations) look(&branch, operation);
  }
  constexpr Millis never = std::numeric_limits<Millis>::max();
  const auto rank = [&](const Trouble& trouble) {
    return trouble.attention != nullptr ? std::pair(0, trouble.attention->since)
                                        : std::pair(1, trouble.operation->next_attempt_at.value_or(never));
  };
  std::ranges::stable_sort(found, {}, rank);
  return found;
}

Explanation explain(const Transaction& transaction, Millis now) {
  if (transaction.is_terminal()) return explain_end(transaction);
  const auto troubles = troubles_of(transaction);
  if (!troubles.empty()) return explain_trouble(transaction, troubles, now);
  std::vector<const Branch*> branches;
  const bool calls = !in_state(transaction, "calling", branches).empty();
  if (transaction.status == "active" && transaction.is_interactive && !calls) return explain_waiting_for_initiator(transaction, now);
  return explain_calls(transaction, now);
}

}  // namespace escrow::cli
