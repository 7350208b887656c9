#include <algorithm>
#include <utility>

#include "coordinator/core/decide.hpp"
#include "coordinator/engine/node/node.hpp"
#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

/// What initiators and operators ask of a node, and how they are answered.
namespace escrow::engine::node {

using protocol::ProblemCode;

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

void Node::on(Request request) {
  if (draining_) {
    if (std::holds_alternative<Start>(request.body)) return answer_problem(request.token, ProblemCode::draining);
    request.wait_until.reset();
  }
  Entry& entry = entry_of(request.gid);
  entry.inbox.emplace_back(std::move(request));
  run(entry);
}

void Node::take(Entry& entry, Request request) {
  if (std::holds_alternative<Start>(request.body)) return take_start(entry, std::move(request));
  if (!entry.transaction) {
    entry.inbox.emplace_front(std::move(request));
    return load(entry);
  }
  std::visit(Overloaded{[](const Start&) {}, [&](const Look&) { answer_when_durable(entry, {request.token, {}, request.wait_until}); },
                        [&](const Resolve& body) { take_resolve(entry, request, body); },
                        [&](core::BranchesRegistered& body) {
                          body.limit = settings_.branches;
                          take_event(entry, request, body);
                        },
                        [&](const core::RetriedNow& body) {
                          entry.past_breaker = true;
                          // What a refused write made wait goes on now, too.
                          entry.paused_until.reset();
                          take_event(entry, request, body);
                        },
                        [&](const auto& body) { take_event(entry, request, body); }},
             request.body);
}

void Node::take_start(Entry& entry, Request request) {
  const auto& body = std::get<Start>(request.body);
  if (entry.transaction) {
    Answer same;
    if (!ESCROW_PLANTED(gid_conflict_goes_unnoticed)) same.differs = protocol::differences(*entry.transaction->request, *body.request);
    if (ESCROW_PLANTED(compares_only_the_timeout)) std::erase_if(same.differs, [](const auto& member) { return member != "/timeout_ms"; });
    if (!same.differs.empty()) {
      same.problem = ProblemCode::gid_conflict;
      same.detail = "the gid belongs to another request";
    }
    return answer_when_durable(entry, {request.token, std::move(same), request.wait_until});
  }
  if (entry.reload) {
    entry.inbox.emplace_front(std::move(request));
    return load(entry);
  }
  if (ESCROW_PLANTED(fresh_gid_is_taken) && entry.absent) return answer_problem(request.token, ProblemCode::gid_conflict);
  if (unfinished_ + (ESCROW_PLANTED(turns_starts_away) ? 1 : 0) >= settings_.unfinished_transactions) {
    // A repeat is no new work: past the limit each start is looked up first.
    if (!entry.absent) {
      entry.inbox.emplace_front(std::move(request));
      return load(entry);
    }
    return answer_problem(request.token, ProblemCode::overloaded, "too many unfinished transactions");
  }
  entry.absent = false;
  auto begun = core::begin(body.request, body.trace, now_, body.actor);
  entry.transaction = std::move(begun.transaction);
  Answer created;
  created.created = true;
  PendingAnswer pending{request.token, std::move(created), request.wait_until};
  entry.starting = std::move(request);
  keep(entry, std::move(begun.decision), std::move(pending));
}

void Node::take_resolve(Entry& entry, const Request& request, const Resolve& body) {
  core::Resolved event;
  event.succeeded = body.succeeded;
  event.reason = body.reason;
  event.actor = body.actor;
  if (body.branch) {
    const auto branch = core::find_branch(*entry.transaction, *body.branch);
    if (!branch) return answer_problem(request.token, ProblemCode::not_found, "no such branch");
    const auto role = protocol::role_of(entry.transaction->branches[*branch].request->kind, body.operation);
    if (!role) return answer_problem(request.token, ProblemCode::not_resolvable, "the branch has no such operation");
    event.ref = {*branch, *role};
  } else {
    event.ref = {0, protocol::Role::check};
  }
  take_event(entry, request, event);
}

void Node::take_event(Entry& entry, const Request& request, const core::Event& event) {
  auto decision = core::decide(*entry.transaction, event, now_);
  Answer reply;
  reply.problem = decision.refusal;
  reply.created = decision.created;
  reply.differs = std::move(decision.differs);
  reply.faults = std::move(decision.faults);
  PendingAnswer pending{request.token, std::move(reply), request.wait_until};
  keep(entry, std::move(decision), std::move(pending));
}

void Node::keep(Entry& entry, core::Decision decision, std::optional<PendingAnswer> reply) {
  std::ranges::move(decision.history, std::back_inserter(entry.history));
  switch (decision.durability) {
    case core::Durability::none:
      if (reply) answer_when_durable(entry, std::move(*reply));
      break;
    case core::Durability::lazy:
      if (!entry.dirty_since) {
        entry.dirty_since = now_;
        ++dirty_;
      }
      if (reply) answer_when_durable(entry, std::move(*reply));
      break;
    case core::Durability::barrier:
      if (ESCROW_PLANTED(acknowledges_before_durable) && reply && entry.starting) answer_now(entry, *std::exchange(reply, std::nullopt));
      if (reply) entry.pending.push_back(std::move(*reply));
      write(entry);
      break;
  }
}

void Node::answer_when_durable(Entry& entry, PendingAnswer reply) {
  if (!entry.dirty_since) return answer_now(entry, std::move(reply));
  entry.pending.push_back(std::move(reply));
  write(entry);
}

void Node::answer_now(Entry& entry, PendingAnswer reply) {
  ESCROW_ASSERT(entry.transaction && !entry.dirty_since);
  const bool waits =
      reply.wait_until && *reply.wait_until > now_ && !reply.answer.problem && !entry.transaction->is_terminal() && !draining_;
  if (waits) {
    entry.waiters.push_back({reply.token, reply.answer.created, *reply.wait_until});
    return;
  }
  if (!reply.answer.problem) reply.answer.transaction = std::make_shared<const core::Transaction>(*entry.transaction);
  answer(reply.token, std::move(reply.answer));
}

void Node::answer_waiters(Entry& entry) {
  std::vector<Waiter> ended;
  const bool all = entry.transaction->is_terminal();
  std::erase_if(entry.waiters, [&](const Waiter& waiter) {
    if (!all && waiter.until > now_) return false;
    ended.push_back(waiter);
    return true;
  });
  for (const Waiter& waiter : ended) {
    Answer reply;
    reply.created = waiter.created;
    // The first one may have begun a write: the others wait for it as well.
    if (entry.busy != Entry::Busy::no) {
      entry.pending.push_back({waiter.token, std::move(reply), std::nullopt});
    } else {
      answer_when_durable(entry, {waiter.token, std::move(reply), std::nullopt});
    }
  }
}

void Node::answer(std::uint64_t token, Answer reply) { outputs_->push_back(Answered{token, std::move(reply)}); }

void Node::answer_problem(std::uint64_t token, ProblemCode code, std::string detail) {
  Answer reply;
  reply.problem = code;
  reply.detail = std::move(detail);
  answer(token, std::move(reply));
}

void Node::refuse_inbox(Entry& entry, ProblemCode code, const std::string& detail) {
  for (auto& input : entry.inbox) {
    if (const auto* request = std::get_if<Request>(&input)) answer_problem(request->token, code, detail);
  }
  std::erase_if(entry.inbox, [](const auto& input) { return std::holds_alternative<Request>(input); });
}

void Node::refuse_waiters(Entry& entry, ProblemCode code, const std::string& detail, std::optional<core::Time> until) {
  std::erase_if(entry.waiters, [&](const Waiter& waiter) {
    if (until && waiter.until > *until) return false;
    answer_problem(waiter.token, code, detail);
    return true;
  });
}

}  // namespace escrow::engine::node
