#include "coordinator/engine/node/node.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/core/decide.hpp"
#include "coordinator/core/turn.hpp"
#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::engine::node {

using protocol::ProblemCode;

Node::Node(Settings settings, std::int64_t run, std::int64_t unfinished)
    : settings_(settings), run_(run), unfinished_(unfinished), destinations_(settings_) {}

void Node::step(core::Time now, Input input, std::vector<Output>& outputs) {
  now_ = now;
  outputs_ = &outputs;
  std::visit([this](auto&& each) { on(std::move(each)); }, std::move(input));
  release_held_back();
  ask_for_due();
  outputs_ = nullptr;
}

std::optional<core::Time> Node::next_wakeup() const {
  std::optional<core::Time> next = schedule_.next();
  if (ESCROW_PLANTED(wakes_all_the_time)) return now_ + core::Duration(1);
  const auto sooner = [&next](std::optional<core::Time> time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  if (!draining_) sooner(destinations_.next_release());
  // As `ask_for_due` will decide then: a time at which it does nothing would come again at once, for ever.
  if (!due_asked_ && !draining_ && entries_.size() < settings_.resident_transactions) {
    if (due_retry_at_) {
      sooner(due_retry_at_);
    } else if (horizon_) {
      sooner(*horizon_ - settings_.lookahead / 2);
    }
  }
  return next;
}

bool Node::is_drained() const { return draining_ && calls_.empty() && busy_ == 0 && dirty_ == 0; }

Entry* Node::find(const protocol::Gid& gid) {
  const auto found = entries_.find(gid.text());
  return found == entries_.end() ? nullptr : found->second.get();
}

Entry& Node::entry_of(const protocol::Gid& gid) {
  auto& entry = entries_[gid.text()];
  if (!entry) entry = std::make_unique<Entry>(gid);
  return *entry;
}

void Node::on(Woken) {
  // Each is taken out of the schedule and put back behind `now`, so this ends.
  while (auto text = schedule_.pop(now_)) {
    const auto found = entries_.find(*text);
    ESCROW_ASSERT(found != entries_.end());
    Entry& entry = *found->second;
    entry.wakeup.reset();
    run(entry);
  }
}

void Node::on(DrainBegun) {
  draining_ = true;
  std::vector<std::string> gids;
  for (const auto& [gid, entry] : entries_) gids.push_back(gid);
  // Sorted: what a hash table's order decides could not be replayed.
  std::ranges::sort(gids);
  for (const auto& gid : gids) {
    Entry& entry = *entries_.at(gid);
    // With a read or write under way they are answered when that ends.
    for (Waiter& waiter : entry.waiters) waiter.until = now_;
    run(entry);
  }
}

void Node::on(Forgotten forgotten) {
  Entry* entry = find(forgotten.gid);
  // While a read or a write is under way nothing is lost that would not be lost by the answer as well.
  if (entry == nullptr || entry->busy != Entry::Busy::no || entry->in_doubt || !entry->transaction) return;
  entry->transaction.reset();
  entry->history.clear();
  if (entry->dirty_since) --dirty_;
  entry->dirty_since.reset();
  // Also when this read fails: what is owed stays owed.
  entry->reload = true;
  load(*entry);
  conclude(*entry);
}

void Node::run(Entry& entry) {
  while (entry.busy == Entry::Busy::no && !entry.in_doubt && !entry.inbox.empty()) {
    // A call's answer waits until the transaction has been read again: dropped, the call would be made once more.
    if (!entry.transaction && entry.reload && std::holds_alternative<core::Answered>(entry.inbox.front())) break;
    auto input = std::move(entry.inbox.front());
    entry.inbox.pop_front();
    entry.touched = now_;
    if (auto* request = std::get_if<Request>(&input)) {
      take(entry, std::move(*request));
    } else if (entry.transaction) {
      keep(entry, core::decide(*entry.transaction, std::get<core::Answered>(input), now_), std::nullopt);
    }
  }
  if (entry.busy == Entry::Busy::no) drive(entry);
  conclude(entry);
}

void Node::drive(Entry& entry) {
  const bool paused = entry.paused_until && *entry.paused_until > now_;
  if (!entry.transaction || entry.in_doubt) {
    const bool is_asked = std::ranges::any_of(entry.inbox, [](const auto& input) { return std::holds_alternative<Request>(input); });
    if (entry.reload && (!paused || is_asked)) {
      load(entry);
    } else {
      refuse_waiters(entry, ProblemCode::store_unavailable, "the log can't be read", now_);
    }
    return;
  }
  if (!paused) {
    keep(entry, core::decide(*entry.transaction, core::TimePassed{}, now_), std::nullopt);
    if (entry.busy != Entry::Busy::no) return;
    dispatch(entry);
    const bool overdue =
        entry.dirty_since && !ESCROW_PLANTED(lazy_writes_never_leave) && (draining_ || *entry.dirty_since + settings_.lazy_flush <= now_);
    const bool awaited = entry.dirty_since && entry.transaction->is_terminal() && !entry.waiters.empty();
    if (overdue || awaited) {
      write(entry);
      return;
    }
  }
  answer_waiters(entry);
}

bool Node::may_leave(const Entry& entry) const {
  const bool idle = entry.busy == Entry::Busy::no && entry.inbox.empty() && entry.calls.empty() && entry.held_back.empty() &&
                    entry.pending.empty() && entry.waiters.empty() && !entry.dirty_since && !entry.reload && !entry.starting;
  if (!idle) return false;
  // Nothing would wake it when the page under way is here: `conclude` keeps its name beside that page instead.
  if (!entry.transaction) return true;
  // The page under way may hold it as it was before the last write: nothing that is newer leaves before that page is here.
  if (due_asked_) return false;
  if (entry.transaction->is_terminal()) return true;
  // The millisecond of a start tells it from its repeat (`is_written`): so it is over before the repeat can become an insert of its own.
  if (core::to_ms(entry.transaction->started_at) >= core::to_ms(now_)) return false;
  if (entry.paused_until && *entry.paused_until > now_) return false;
  // Whatever is due where pages have been read must stay: no page will bring it back.
  const auto next = core::next_timer(*entry.transaction, now_);
  if (next && !ESCROW_PLANTED(lets_go_of_what_is_due) &&
      (!horizon_ || !due_after_ || *next <= std::max(*horizon_, core::from_ms(due_after_->due_at_ms))))
    return false;
  if (core::has_ready(*entry.transaction, now_)) return false;
  // As `ask_for_due` sees it: with no room for a page whatever can make room does, or a few that are called again and again would keep the
  // rest in the log for ever.
  const bool is_full = ESCROW_PLANTED(full_memory_makes_no_room) ? entries_.size() > settings_.resident_transactions
                                                                 : entries_.size() >= settings_.resident_transactions;
  return entry.touched + settings_.keep_idle <= now_ || is_full;
}

std::optional<core::Time> Node::wakeup_of(const Entry& entry) const {
  if (entry.busy != Entry::Busy::no) return std::nullopt;
  std::optional<core::Time> wakeup;
  const auto sooner = [&wakeup](core::Time time) { wakeup = wakeup ? std::min(*wakeup, time) : time; };
  if (entry.reload) {
    sooner(now_);
  } else if (entry.transaction) {
    if (const auto timer = core::next_timer(*entry.transaction, now_)) sooner(*timer);
    if (entry.dirty_since) sooner(*entry.dirty_since + settings_.lazy_flush);
    const bool idle = entry.calls.empty() && entry.held_back.empty() && entry.waiters.empty() && !entry.dirty_since;
    // Out of step with the pages, which are asked for every half lookahead: what met a page under way must not meet the next one, too.
    if (idle) sooner(std::max(entry.touched + settings_.keep_idle, now_ + settings_.lookahead * 5 / 8));
  }
  // Nothing is driven while the store refuses its writes, and everything that is owed is looked at as soon as the pause is over.
  const bool paused = entry.paused_until && *entry.paused_until > now_;
  if (paused && (entry.transaction || entry.reload)) wakeup = *entry.paused_until;
  for (const Waiter& waiter : entry.waiters) sooner(waiter.until);
  // Never in the past: `on(Woken)` pops until nothing is due.
  if (wakeup) wakeup = std::max(*wakeup, now_ + core::Duration(1));
  return wakeup;
}

void Node::conclude(Entry& entry) {
  if (may_leave(entry)) {
    // It may have been found removed or damaged behind what the page under way has read of it.
    if (due_asked_ && left_beside_page_.size() <= settings_.due_page && !ESCROW_PLANTED(page_brings_back_what_is_gone))
      left_beside_page_.insert(entry.gid.text());
    schedule_.set(entry.gid, entry.wakeup, std::nullopt);
    entries_.erase(entry.gid.text());
    return;
  }
  const auto wakeup = wakeup_of(entry);
  schedule_.set(entry.gid, entry.wakeup, wakeup);
  entry.wakeup = wakeup;
}

void Node::ask_for_due() {
  if (due_asked_ || draining_) return;
  if (due_retry_at_ && *due_retry_at_ > now_) return;
  if (horizon_ && *horizon_ > now_ + settings_.lookahead / 2) return;
  if (entries_.size() >= settings_.resident_transactions) return;
  due_asked_ = true;
  due_retry_at_.reset();
  outputs_->push_back(DueWanted{due_after_, now_ + settings_.lookahead, settings_.due_page});
}

}  // namespace escrow::engine::node
