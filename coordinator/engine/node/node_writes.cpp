#include <algorithm>
#include <limits>
#include <utility>

#include "coordinator/core/decide.hpp"
#include "coordinator/core/turn.hpp"
#include "coordinator/engine/node/node.hpp"
#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

/// What a node does with the log: one write or read of a transaction at a time, and memory never more than one write ahead.
namespace escrow::engine::node {

using protocol::ProblemCode;
namespace {

/// Whether a write in doubt turned out to be on disk. An insert is ours only if this run made it of the same request and at the same time:
/// the request may be the repeat of a start that this run has made before and let go of.
bool is_written(const Entry& entry, const store::Found& found, std::int64_t run) {
  // Only what has ended is removed: the write of its end was there, or it would not have been. What a start finds removed is another's.
  if (found.retired) return entry.transaction->is_terminal() && !entry.starting;
  if (!found.transaction || found.transaction->revision != entry.transaction->revision) return false;
  if (!entry.starting) return true;
  if (found.transaction->run != run || found.transaction->started_at != entry.transaction->started_at) return false;
  return protocol::differences(*found.transaction->request, *entry.transaction->request).empty();
}

}  // namespace

void Node::write(Entry& entry) {
  ESCROW_ASSERT(entry.busy == Entry::Busy::no && entry.transaction);
  entry.busy = Entry::Busy::writing;
  ++busy_;
  if (entry.dirty_since) --dirty_;
  entry.dirty_since.reset();
  ++entry.transaction->revision;
  WriteWanted wanted;
  wanted.transaction = &*entry.transaction;
  wanted.due_at = core::due_at(*entry.transaction);
  wanted.history = std::move(entry.history);
  wanted.is_new_work = entry.starting.has_value();
  entry.history.clear();
  outputs_->push_back(std::move(wanted));
}

void Node::on(WriteAnswered answered) {
  Entry* entry = find(answered.gid);
  if (entry == nullptr || entry->busy != Entry::Busy::writing) return;
  entry->busy = Entry::Busy::no;
  --busy_;
  switch (answered.result.answer) {
    case store::WriteAnswer::ok:
      write_succeeded(*entry);
      run(*entry);
      return;
    case store::WriteAnswer::overloaded:
      write_refused(*entry, ProblemCode::overloaded, answered.result.detail);
      run(*entry);
      return;
    case store::WriteAnswer::unavailable:
      write_refused(*entry, ProblemCode::store_unavailable, answered.result.detail);
      run(*entry);
      return;
    case store::WriteAnswer::unknown:
      // It may be on disk or not: nothing is told or done before it has been read again.
      entry->in_doubt = !ESCROW_PLANTED(guesses_unknown_writes);
      if (!entry->in_doubt) return write_succeeded(*entry), run(*entry);
      load(*entry);
      return;
    case store::WriteAnswer::conflict: break;
  }
  if (entry->starting) {
    restart(*entry);
    entry->reload = true;
    load(*entry);
    return;
  }
  write_refused(*entry, ProblemCode::store_unavailable, "the transaction was changed by another writer");
  run(*entry);
}

void Node::write_succeeded(Entry& entry) {
  // A page may have shown the row before this answer came.
  entry.reload = false;
  entry.paused_until.reset();
  entry.pause = core::Duration(0);
  core::Transaction& transaction = *entry.transaction;
  transaction.run = run_;
  const auto mode = transaction.request->mode;
  if (entry.starting) {
    ++counters_.started[mode];
    ++traffic_.at(now_).started;
    ++unfinished_;
    entry.starting.reset();
  }
  if (transaction.is_terminal()) {
    ++counters_.finished[{mode, transaction.status}];
    TrafficStep& step = traffic_.at(now_);
    ++(transaction.status == protocol::Status::committed ? step.committed : step.aborted);
    step.transactions.add(transaction.finished_at.value_or(now_) - transaction.started_at);
    if (!ESCROW_PLANTED(counts_what_ended)) --unfinished_;
  }
  auto pending = std::exchange(entry.pending, {});
  for (auto& reply : pending) answer_now(entry, std::move(reply));
}

void Node::write_refused(Entry& entry, ProblemCode code, const std::string& why) {
  auto pending = std::exchange(entry.pending, {});
  if (!ESCROW_PLANTED(forgets_who_waits)) {
    for (auto& reply : pending) answer_problem(reply.token, code, why);
  }
  const bool was_start = entry.starting.has_value();
  entry.starting.reset();
  entry.transaction.reset();
  entry.history.clear();
  if (was_start) return;
  // Memory never runs ahead of the log: back to what is durable.
  entry.reload = true;
  pause(entry);
}

/// Somebody started it before, perhaps in an earlier run: the request is compared with what is there.
void Node::restart(Entry& entry) {
  entry.transaction.reset();
  entry.history.clear();
  entry.pending.clear();
  entry.inbox.emplace_front(std::move(*entry.starting));
  entry.starting.reset();
}

void Node::pause(Entry& entry) {
  entry.pause = entry.pause == core::Duration(0) ? settings_.store_pause : std::min(entry.pause * 2, settings_.store_pause_longest);
  if (ESCROW_PLANTED(pauses_for_ever)) entry.pause = core::Duration(86'400'000);
  entry.paused_until = now_ + entry.pause;
}

void Node::load(Entry& entry) {
  ESCROW_ASSERT(entry.busy == Entry::Busy::no);
  entry.busy = Entry::Busy::loading;
  ++busy_;
  outputs_->push_back(LoadWanted{entry.gid});
}

void Node::on(Loaded loaded) {
  Entry* found_entry = find(loaded.gid);
  if (found_entry == nullptr || found_entry->busy != Entry::Busy::loading) return;
  Entry& entry = *found_entry;
  entry.busy = Entry::Busy::no;
  --busy_;
  if (!loaded.found) {
    // The log can't be read either: nobody is told anything, what is owed stays owed.
    refuse_inbox(entry, ProblemCode::store_unavailable, loaded.found.error().detail);
    entry.reload = entry.reload || entry.in_doubt || !entry.calls.empty() || !entry.waiters.empty() || !entry.inbox.empty();
    pause(entry);
    conclude(entry);
    return;
  }
  entry.reload = false;
  store::Found& found = *loaded.found;
  entry.absent = false;
  if (entry.in_doubt) {
    entry.in_doubt = false;
    if (is_written(entry, found, run_)) {
      write_succeeded(entry);
      run(entry);
      return;
    }
    if (entry.starting && found.transaction) {
      restart(entry);
    } else {
      write_refused(entry, ProblemCode::store_unavailable, "the write did not reach the disk");
    }
    entry.reload = false;
  }
  if (found.transaction) {
    adopt(entry, std::move(*found.transaction));
  } else if (found.corrupt) {
    ++counters_.corrupt;
    const std::string detail = "the stored transaction can't be read: " + *found.corrupt;
    refuse_inbox(entry, ProblemCode::internal, detail);
    refuse_waiters(entry, ProblemCode::internal, detail);
  } else if (found.retired) {
    for (const auto& input : entry.inbox) {
      const auto* request = std::get_if<Request>(&input);
      if (request == nullptr) continue;
      const bool start = std::holds_alternative<Start>(request->body);
      answer_problem(request->token, start ? ProblemCode::gid_conflict : ProblemCode::not_found,
                     start ? "retired: the gid was used and removed after its retention" : "");
    }
    entry.inbox.clear();
    refuse_waiters(entry, ProblemCode::not_found, "");
  } else {
    entry.absent = true;
    refuse_waiters(entry, ProblemCode::not_found, "no such transaction");
    // Unknown: what asks about it is told so, up to a start that would make it.
    while (!entry.inbox.empty()) {
      const auto* request = std::get_if<Request>(&entry.inbox.front());
      if (request != nullptr && std::holds_alternative<Start>(request->body)) break;
      const auto code = ESCROW_PLANTED(unknown_is_damaged) ? ProblemCode::internal : ProblemCode::not_found;
      if (request != nullptr) answer_problem(request->token, code, "no such transaction");
      entry.inbox.pop_front();
    }
  }
  run(entry);
}

void Node::adopt(Entry& entry, core::Transaction transaction) {
  entry.transaction = std::move(transaction);
  entry.touched = now_;
  entry.reload = false;
  core::Adopted event;
  event.by_another_run = entry.transaction->run != run_;
  if (event.by_another_run && !entry.transaction->is_terminal()) ++counters_.recovered;
  auto decision = core::decide(*entry.transaction, event, now_);
  // A call of ours that is still open, or whose answer waits in the inbox, is that call: it is not made a second time beside it.
  const auto still_calling = [&](core::OperationRef ref) { (void)core::decide(*entry.transaction, core::Called{ref}, now_); };
  for (const OpenCall& call : entry.calls) still_calling(call.ref);
  for (const auto& input : entry.inbox) {
    if (const auto* answered = std::get_if<core::Answered>(&input)) still_calling(answered->ref);
  }
  keep(entry, std::move(decision), std::nullopt);
}

void Node::on(DueLoaded loaded) {
  due_asked_ = false;
  // Also when it could not be read: the next one is read behind all that is known now.
  const auto left = std::exchange(left_beside_page_, {});
  if (!loaded.page) {
    due_retry_at_ = now_ + settings_.store_pause;
    return;
  }
  counters_.corrupt += loaded.page->corrupt.size();
  const auto complete_until = core::from_ms(loaded.page->complete_until_ms);
  horizon_ = horizon_ ? std::max(*horizon_, complete_until) : complete_until;
  constexpr auto behind_all = std::numeric_limits<std::int64_t>::max();
  due_after_ = loaded.page->next ? *loaded.page->next : store::DuePosition{loaded.page->complete_until_ms, behind_all};
  recovered_ = true;
  for (auto& [due, transaction] : loaded.page->transactions) {
    if (Entry* known = find(transaction.gid())) {
      // What was read or written is newer, and no transaction has left memory since the page was asked for. A name alone is not: a repeated
      // start whose insert the store may refuse rather than find in conflict, or a read that may fail. No later page brings it.
      if ((!known->transaction || known->starting) && !ESCROW_PLANTED(page_passes_a_repeated_start)) known->reload = true;
      continue;
    }
    Entry& entry = entry_of(transaction.gid());
    // The page was read at some moment since it was asked for. What has left memory since may have been written behind that moment, have
    // ended and been removed; or a start of it was only refused, and the row is as good as ever. Neither the page nor what was known when
    // it left can tell: a read that begins now is newer than both.
    if (left.size() > settings_.due_page || left.contains(transaction.gid().text())) {
      entry.reload = true;
    } else {
      adopt(entry, std::move(transaction));
    }
    run(entry);
  }
}

}  // namespace escrow::engine::node
