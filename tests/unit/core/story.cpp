#include "tests/unit/core/story.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/promises.hpp"

namespace escrow::tests {

using core::OperationRef;
using protocol::Role;

namespace {

constexpr std::int64_t this_run = 1;

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

void join(std::string& text, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += word;
}

}  // namespace

Story::Story(const Draft& draft) {
  auto begun = core::begin(draft.request(), {}, now);
  transaction = std::move(begun.transaction);
  decision = std::move(begun.decision);
  history_ = decision.history;
  transaction.revision = 1;
  transaction.run = this_run;
  written_ = written_at_barrier_ = transaction;
}

const core::Decision& Story::apply(const core::Event& event) {
  const core::Transaction before = transaction;
  decision = core::decide(transaction, event, now);
  check_promises(before, event, transaction, decision, now);
  history_.insert(history_.end(), decision.history.begin(), decision.history.end());
  if (decision.durability == core::Durability::none) return decision;
  ++transaction.revision;
  written_ = transaction;
  if (decision.durability == core::Durability::barrier) written_at_barrier_ = transaction;
  return decision;
}

Story& Story::call(std::string_view operation) {
  const auto ready = core::ready(transaction, now);
  INFO("ready: " << this->ready() << ", called: " << operation);
  REQUIRE(std::ranges::find(ready, ref(operation)) != ready.end());
  apply(core::Called{ref(operation)});
  return *this;
}

Story& Story::answer(std::string_view operation, core::Outcome outcome) {
  apply(core::Answered{ref(operation), std::move(outcome), jitter});
  return *this;
}

Story& Story::serve(std::string_view operations, const core::Outcome& outcome) {
  for (const auto& operation : words(operations)) call(operation).answer(operation, outcome);
  return *this;
}

Story& Story::serve_all(const core::Outcome& outcome) {
  for (int round = 0; round < 100; ++round) {
    const auto ready = core::ready(transaction, now);
    if (ready.empty()) return *this;
    for (const auto each : ready) {
      if (protocol::is_settled(core::find_operation(transaction, each)->state)) continue;
      apply(core::Called{each});
      apply(core::Answered{each, outcome, jitter});
    }
  }
  FAIL("it never ends: " << states());
  return *this;
}

Story& Story::pass(core::Duration time) {
  now += time;
  apply(core::TimePassed{});
  return *this;
}

Story& Story::wait_for(std::string_view operation) {
  const auto next = this->operation(operation).next_attempt_at;
  INFO(operation);
  REQUIRE(next.has_value());
  return pass(std::max(*next, now) - now);
}

Story& Story::commit() {
  apply(core::CommitRequested{});
  return *this;
}

Story& Story::abort() {
  apply(core::AbortRequested{});
  return *this;
}

Story& Story::add(const protocol::BranchRequest& branch) {
  apply(core::BranchesRegistered{{std::make_shared<const protocol::BranchRequest>(branch)}});
  return *this;
}

Story& Story::resolve(std::string_view operation, bool succeeded) {
  apply(core::Resolved{ref(operation), succeeded, "by hand", "kim"});
  return *this;
}

Story& Story::retry_now() {
  apply(core::RetriedNow{"kim"});
  return *this;
}

Story& Story::recover(core::Transaction from) {
  transaction = std::move(from);
  written_ = transaction;
  apply(core::Adopted{true});
  return *this;
}

Story& Story::crash() { return recover(written_); }
Story& Story::crash_before_lazy_writes() { return recover(written_at_barrier_); }

OperationRef Story::ref(std::string_view operation) const {
  if (operation == "check") return {0, Role::check};
  const auto dot = operation.find('.');
  INFO(operation);
  const auto branch = core::find_branch(transaction, branch_id(operation.substr(0, dot)));
  REQUIRE(branch.has_value());
  const auto name = protocol::from_string<protocol::OperationName>(operation.substr(dot + 1));
  REQUIRE(name.has_value());
  const auto role = protocol::role_of(transaction.branches[*branch].request->kind, *name);
  REQUIRE(role.has_value());
  return {*branch, *role};
}

const core::Operation& Story::operation(std::string_view operation) const {
  const auto* found = core::find_operation(transaction, ref(operation));
  INFO(operation);
  REQUIRE(found != nullptr);
  return *found;
}

std::string Story::name(OperationRef ref) const {
  const std::string operation(to_string(core::name_of(transaction, ref)));
  return ref.role == Role::check ? operation : transaction.branches[ref.branch].request->id.text() + "." + operation;
}

std::string Story::names(const std::vector<OperationRef>& refs) const {
  std::string text;
  for (const auto each : refs) join(text, name(each));
  return text;
}

std::string Story::ready() const { return names(core::ready(transaction, now)); }
std::string Story::turns() const { return names(core::turns(transaction)); }

std::string Story::states() const {
  std::string text;
  const auto add = [&](OperationRef ref) {
    const auto* operation = core::find_operation(transaction, ref);
    if (operation != nullptr) join(text, name(ref) + "=" + std::string(to_string(operation->state)));
  };
  add({0, Role::check});
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) add({i, role});
  }
  return text;
}

std::string Story::told() const {
  std::string text;
  for (const auto& event : decision.history) join(text, to_string(event.type));
  return text;
}

std::string Story::refusal() const { return decision.refusal ? std::string(to_string(*decision.refusal)) : ""; }

std::size_t Story::times_told(protocol::EventType type) const {
  return static_cast<std::size_t>(std::ranges::count(history_, type, &core::HistoryEvent::type));
}

namespace {

std::string show(const std::optional<core::Time>& time) { return time ? std::to_string(core::to_ms(*time)) : "-"; }

void dump_operation(std::ostream& out, std::string_view name, const core::Operation* operation) {
  if (operation == nullptr) return;
  out << "  " << name << ' ' << to_string(operation->state) << " attempts " << operation->attempts << '/' << operation->counted_attempts
      << '/' << operation->fruitless << '/' << operation->equal_failures << (operation->maybe_done ? " maybe_done" : "")
      << (operation->resolved ? " resolved" : "") << " next " << show(operation->next_attempt_at) << " attention_at "
      << show(operation->attention_at) << " finished " << show(operation->finished_at) << " error " << operation->last_error.value_or("-")
      << " output " << (operation->output ? *operation->output : "-") << '@' << operation->output_revision << " attention "
      << (operation->attention ? show(operation->attention->since) + " " + operation->attention->reason : "-") << '\n';
}

}  // namespace

std::string dump(const core::Transaction& transaction) {
  std::ostringstream out;
  out << transaction.gid().text() << ' ' << to_string(transaction.status) << ' ' << to_string(transaction.order) << " started "
      << core::to_ms(transaction.started_at) << " updated " << core::to_ms(transaction.updated_at) << " finished "
      << show(transaction.finished_at) << " deadline " << show(transaction.deadline_at)
      << (transaction.pivot_reached ? " pivot_reached" : "") << " revision " << transaction.revision << " run " << transaction.run << '\n';
  if (transaction.abort_reason) {
    const auto& reason = *transaction.abort_reason;
    out << "  because " << to_string(reason.code) << ' ' << (reason.branch ? reason.branch->text() : "-") << ' ' << reason.detail << '\n';
  }
  dump_operation(out, "check", transaction.check ? &*transaction.check : nullptr);
  for (const auto& branch : transaction.branches) {
    out << "  branch " << branch.request->id.text() << '@' << branch.registered_revision;
    for (const auto before : branch.predecessors) out << " after " << before;
    out << '\n';
    for (const Role role : protocol::all_roles) dump_operation(out, to_string(role), branch.operation(role));
  }
  return out.str();
}

}  // namespace escrow::tests
