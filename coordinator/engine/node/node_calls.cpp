#include <algorithm>
#include <utility>

#include "coordinator/core/decide.hpp"
#include "coordinator/core/turn.hpp"
#include "coordinator/engine/node/node.hpp"
#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

/// Which calls a node makes: those whose turn has come, that nothing holds back, each operation at most once at a time.
namespace escrow::engine::node {
namespace {

/// While a branch's forward call is in flight nothing else of it is called, even if memory was lost and thinks otherwise.
bool has_open_call(const Entry& entry, core::OperationRef ref) {
  if (ESCROW_PLANTED(calls_beside_an_open_call)) return false;
  return std::ranges::any_of(entry.calls, [&](const OpenCall& call) {
    if (ref.role == protocol::Role::check || call.ref.role == protocol::Role::check) return call.ref.role == ref.role;
    return call.ref.branch == ref.branch;
  });
}

/// Whether the destination itself works: a refusal or "not now" of the business is no failure of it.
bool is_healthy(const core::Outcome& outcome) {
  return outcome.outcome != core::Outcome::Class::unknown || (outcome.status >= 200 && outcome.status < 500);
}

}  // namespace

void Node::dispatch(Entry& entry) {
  if (draining_ && !ESCROW_PLANTED(calls_while_draining)) return;
  const bool past_breaker = std::exchange(entry.past_breaker, false);
  for (const core::OperationRef ref : core::ready(*entry.transaction, now_)) {
    if (entry.held_back.contains(ref) && !past_breaker) continue;
    if (has_open_call(entry, ref)) continue;
    HeldBack call{target_of(core::url_of(*entry.transaction, ref)), entry.gid, ref,
                  now_ + core::Duration(core::retry_of(*entry.transaction, ref).max_ms)};
    if (destinations_.acquire(call, past_breaker, now_)) {
      begin_call(entry, ref, std::move(call.target));
    } else {
      entry.held_back.insert(ref);
    }
  }
}

void Node::begin_call(Entry& entry, core::OperationRef ref, Target target) {
  core::Transaction& transaction = *entry.transaction;
  (void)core::decide(transaction, core::Called{ref}, now_);
  const core::Operation& operation = *core::find_operation(transaction, ref);
  ESCROW_ASSERT(operation.state == protocol::OperationState::calling);
  CallWanted wanted;
  wanted.call = ++last_call_;
  wanted.gid = entry.gid;
  if (ref.role != protocol::Role::check)
    wanted.branch = transaction.branches[ESCROW_PLANTED(first_branch_for_all) ? 0 : ref.branch].request;
  if (ESCROW_PLANTED(payload_of_the_first_branch) && wanted.branch) {
    auto wrong = std::make_shared<protocol::BranchRequest>(*wanted.branch);
    wrong->payload = transaction.branches[0].request->payload;
    wanted.branch = std::move(wrong);
  }
  wanted.request = transaction.request;
  wanted.trace = transaction.trace;
  wanted.role = ref.role;
  wanted.operation = core::name_of(transaction, ref);
  wanted.phase = core::phase_of(transaction, ref);
  wanted.attempt = operation.attempts;
  wanted.url = core::url_of(transaction, ref);
  wanted.timeout = core::Duration(core::request_timeout_ms_of(transaction, ref));
  calls_.emplace(wanted.call, Call{entry.gid, ref, wanted.operation, std::move(target), now_});
  entry.calls.push_back({wanted.call, ref});
  entry.touched = now_;
  outputs_->push_back(std::move(wanted));
}

void Node::on(CallEnded ended) {
  const auto found = calls_.find(ended.call);
  if (found == calls_.end()) return;
  const Call call = std::move(found->second);
  calls_.erase(found);
  const bool healthy = is_healthy(ended.outcome);
  destinations_.record(call.target, ended.outcome, healthy, now_ - call.began, now_);
  destinations_.release(call.target, healthy, now_);
  CallStep& step = traffic_.at(now_).calls;
  ++step.calls;
  step.took.add(now_ - call.began);
  if (!healthy) ++step.errors;
  ++counters_.calls[{call.operation, ended.outcome.outcome}];
  Entry* entry = find(call.gid);
  ESCROW_ASSERT(entry != nullptr);
  if (!ESCROW_PLANTED(forgets_that_calls_end)) std::erase_if(entry->calls, [&](const OpenCall& open) { return open.call == ended.call; });
  core::Answered answered;
  answered.ref = call.ref;
  answered.outcome = std::move(ended.outcome);
  answered.jitter = ended.jitter;
  entry->inbox.emplace_back(std::move(answered));
  run(*entry);
}

void Node::release_held_back() {
  if (draining_) return;
  for (bool again = true; again;) {
    again = false;
    for (HeldBack& call : destinations_.released(now_)) {
      Entry* entry = find(call.gid);
      const auto is_wanted = [&] {
        if (entry == nullptr) return false;
        const bool was_held = entry->held_back.erase(call.ref) > 0;
        const bool free = entry->busy == Entry::Busy::no && entry->transaction && !(entry->paused_until && *entry->paused_until > now_);
        if (!was_held || !free || has_open_call(*entry, call.ref)) return false;
        return core::is_ready(*entry->transaction, call.ref, now_);
      };
      if (is_wanted()) {
        begin_call(*entry, call.ref, std::move(call.target));
        conclude(*entry);
        continue;
      }
      // It will ask again when its transaction is free. Its slot goes to the next one.
      destinations_.give_back(call.target);
      again = true;
      if (entry != nullptr && entry->busy == Entry::Busy::no) run(*entry);
    }
  }
}

}  // namespace escrow::engine::node
