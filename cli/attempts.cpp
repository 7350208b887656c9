#include "cli/attempts.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace escrow::cli {
namespace {

using protocol::Role;
using Key = std::pair<std::string, std::string>;

Role role_of(const Transaction& transaction, const std::string& branch_id, const std::string& name) {
  if (name == "check") return Role::check;
  const Branch* branch = transaction.branch(branch_id);
  if (branch == nullptr) return Role::forward;
  const auto found = std::ranges::find(branch->operations, name, &Operation::name);
  return found == branch->operations.end() ? Role::forward : found->role;
}

std::optional<Millis> time_of(const std::vector<Event>& events, std::string_view type) {
  const auto found = std::ranges::find(events, type, &Event::type);
  return found == events.end() ? std::nullopt : std::optional(found->at);
}

std::optional<Millis> end_of(const Transaction& transaction, const std::vector<Event>& events, const Branch& branch, Role role) {
  for (const Event& event : events) {
    const bool ends = event.type == "operation_succeeded" || event.type == "operation_skipped" || event.type == "operation_resolved";
    if (ends && event.branch == branch.id && role_of(transaction, event.branch, event.operation) == role) return event.at;
  }
  return std::nullopt;
}

/// When an operation's turn came: the start, the decision, or the end of what had to come before.
std::optional<Millis> turn_of(const Transaction& transaction, const std::vector<Event>& events, const std::string& branch_id, Role role) {
  const Branch* branch = transaction.branch(branch_id);
  if (branch == nullptr) return std::nullopt;
  const auto started = time_of(events, "started");
  const auto committed = time_of(events, "commit_decided");
  if (role == Role::confirm) return committed ? committed : started;
  std::optional<Millis> turn = role == Role::undo ? time_of(events, "abort_decided") : started;
  for (const Branch* neighbour : role == Role::undo ? transaction.successors(*branch) : transaction.predecessors(*branch)) {
    const auto ended = end_of(transaction, events, *neighbour, role);
    if (ended) turn = std::max(turn.value_or(*ended), *ended);
  }
  return turn;
}

/// `timeout: ... within 3000 ms`.
std::optional<Millis> time_limit(const std::optional<std::string>& detail) {
  if (!detail || !detail->starts_with("timeout")) return std::nullopt;
  constexpr std::string_view before = "within ";
  const std::size_t at = detail->find(before);
  if (at == std::string::npos) return std::nullopt;
  Millis ms = 0;
  const char* const first = detail->data() + at + before.size();
  if (std::from_chars(first, detail->data() + detail->size(), ms).ec != std::errc()) return std::nullopt;
  return ms;
}

std::optional<Ending> ending_of(const Event& event) {
  if (event.type == "operation_succeeded" || event.type == "check_answered") return Ending::succeeded;
  if (event.type == "operation_failed") return Ending::refused;
  if (event.type == "operation_resolved") return Ending::resolved;
  if (event.type != "attempt_failed") return std::nullopt;
  // Behind a decision a refusal is only an attempt that failed, but another one than silence.
  const bool is_refusal = event.detail && (event.detail->starts_with("409") || event.detail->starts_with("422"));
  return is_refusal ? Ending::refused : Ending::failed;
}

Attempt ended_attempt(const Transaction& transaction, const std::vector<Event>& events, const Event& event, Ending ending,
                      const Attempt* before) {
  Attempt attempt;
  attempt.branch = event.branch;
  attempt.operation = event.operation;
  attempt.role = role_of(transaction, event.branch, event.operation);
  attempt.number = event.attempt.value_or(before != nullptr ? before->number : 0);
  attempt.end = event.at;
  attempt.start = event.at;
  attempt.ending = ending;
  if (ending == Ending::resolved) return attempt;
  attempt.folded = std::max<std::int64_t>(0, attempt.number - (before != nullptr ? before->number : 0) - 1);
  if (const auto limit = time_limit(event.detail)) {
    attempt.start = std::max(event.at - *limit, before != nullptr ? before->end : 0);
  } else if (before == nullptr) {
    attempt.start = std::min(event.at, turn_of(transaction, events, event.branch, attempt.role).value_or(event.at));
  }
  return attempt;
}

/// What is being called now, or will be.
std::optional<Attempt> open_attempt(const Transaction& transaction, const std::vector<Event>& events, const std::string& branch,
                                    const Operation& operation, const Attempt* before, Millis now) {
  Attempt attempt;
  attempt.branch = branch;
  attempt.operation = operation.name;
  attempt.role = operation.role;
  attempt.end = now;
  if (operation.state == "calling") {
    attempt.ending = Ending::calling;
    attempt.number = operation.attempts + (before != nullptr && operation.attempts <= before->number ? 1 : 0);
    const Millis began = before != nullptr ? std::max(before->end, transaction.updated_at)
                                           : turn_of(transaction, events, branch, operation.role).value_or(now);
    attempt.start = std::min(began, now);
    return attempt;
  }
  if (operation.state != "backing_off" || !operation.next_attempt_at) return std::nullopt;
  attempt.ending = Ending::next;
  attempt.number = operation.attempts + 1;
  attempt.start = std::max(now, *operation.next_attempt_at);
  attempt.end = attempt.start;
  attempt.folded = std::max<std::int64_t>(0, operation.attempts - (before != nullptr ? before->number : 0));
  return attempt;
}

}  // namespace

std::vector<Attempt> attempts_of(const Transaction& transaction, const std::vector<Event>& events, Millis now) {
  std::vector<Attempt> attempts;
  std::map<Key, Attempt> last;
  const auto before = [&](const Key& key) {
    const auto found = last.find(key);
    return found == last.end() ? nullptr : &found->second;
  };
  for (const Event& event : events) {
    const auto ending = ending_of(event);
    if (!ending || event.operation.empty()) continue;
    const Key key(event.branch, event.operation);
    attempts.push_back(ended_attempt(transaction, events, event, *ending, before(key)));
    last.insert_or_assign(key, attempts.back());
  }
  if (transaction.is_terminal()) return attempts;
  const auto look = [&](const std::string& branch, const Operation& operation) {
    auto open = open_attempt(transaction, events, branch, operation, before({branch, operation.name}), now);
    if (open) attempts.push_back(*std::move(open));
  };
  if (transaction.check) look("", *transaction.check);
  for (const Branch& branch : transaction.branches) {
    for (const Operation& operation : branch.operations) look(branch.id, operation);
  }
  return attempts;
}

}  // namespace escrow::cli
