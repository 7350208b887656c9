#include "tests/fault-injection/sim/store_model.hpp"

#include <algorithm>
#include <utility>

namespace escrow::sim {
namespace {

Identity identity_of(const core::Transaction& transaction) {
  return {.transaction = ordinal_of(transaction.gid().text()), .attempt = transaction.revision};
}

constexpr std::uint64_t real_purpose = 0x4ea1;

bool is_before(const store::DuePosition& one, const store::DuePosition& other) {
  return std::pair(one.due_at_ms, one.id) < std::pair(other.due_at_ms, other.id);
}

constexpr const char* why = "the store model says so";

}  // namespace

StoreModel::StoreModel(Context& context, LogHome* home) : context_(context) {
  if (home != nullptr) real_ = std::make_unique<RealLog>(home);
  const bool is_drawn = !context.is_ordinary && Dice(context.seed, real_purpose, {}).chance(1.0 / 64);
  const bool goes_through_memory = !real_ && (is_drawn || context.has_real_rows);
  if (goes_through_memory) real_ = std::make_unique<RealLog>(nullptr);
}

std::int64_t StoreModel::begin_run() {
  run_ = real_ ? real_->begin_run() : run_ + 1;
  return run_;
}

StoreModel::Row* StoreModel::row_of(const protocol::Gid& gid) {
  return const_cast<Row*>(static_cast<const StoreModel*>(this)->row_of(gid));
}

const StoreModel::Row* StoreModel::row_of(const protocol::Gid& gid) const {
  const auto place = static_cast<std::size_t>(ordinal_of(gid.text()));
  return place < rows_.size() && rows_[place].value ? &rows_[place] : nullptr;
}

StoreModel::Row& StoreModel::make_row(const protocol::Gid& gid) {
  const auto place = static_cast<std::size_t>(ordinal_of(gid.text()));
  if (rows_.size() <= place) rows_.resize(place + 1);
  Row& row = rows_[place];
  if (row.id == 0) row.id = ++last_id_;
  return row;
}

StoreModel::Pending* StoreModel::find_pending(std::uint64_t id) {
  const auto found = std::ranges::find(pending_, id, &Pending::id);
  return found == pending_.end() ? nullptr : &*found;
}

store::WriteAnswer StoreModel::apply(const Pending& pending) {
  const core::Transaction& value = *pending.value;
  const Row* found = row_of(value.gid());
  if (found != nullptr && (found->is_damaged || found->is_retired)) return store::WriteAnswer::conflict;
  const std::int64_t stored = found == nullptr ? 0 : found->value->revision;
  // The product's log says itself what conflicts.
  if (!real_ && stored != value.revision - 1 && context_.bug != Bug::writes_unconditionally) return store::WriteAnswer::conflict;
  if (real_) {
    const auto answer = real_->apply(value, pending.due);
    if (answer != store::WriteAnswer::ok) return answer;
  }
  keep(pending);
  return store::WriteAnswer::ok;
}

void StoreModel::keep(const Pending& pending) {
  const core::Transaction& value = *pending.value;
  Written written;
  // The run that made it: what the value says of itself is for S12 to compare.
  written.run = pending.run;
  written.transaction = ordinal_of(value.gid().text());
  written.value = pending.value;
  if (real_) {
    written.given = std::exchange(written.value, real_->stored(value.gid()));
    // What cannot be read back is a loss for S18 to tell; the run goes on with what was given.
    if (!written.value) written.value = pending.value;
  }
  Row& row = make_row(value.gid());
  row.before = std::exchange(row.value, written.value);
  row.due = pending.due;
  latest_ = std::max(latest_, value.updated_at);
  // It stands where those that were lost might have stood.
  lost_.clear();
  context_.record(context_.history.written, std::move(written));
}

/// Whatever was under way is on the disk or is not, each for itself; the log says which.
void StoreModel::lose_power() {
  std::vector<const Pending*> open;
  for (const Pending& pending : pending_) {
    if (pending.applied) continue;
    const Row* found = row_of(pending.value->gid());
    // A conflict changes nothing, and of two that expect the same revision the first one wins.
    if ((found == nullptr ? 0 : found->value->revision) != pending.value->revision - 1) continue;
    if (std::ranges::any_of(open, [&](const Pending* other) { return other->value->gid() == pending.value->gid(); })) continue;
    open.push_back(&pending);
    real_->apply_unanswered(*pending.value, pending.due);
  }
  real_->lose_power();
  for (const Pending* pending : open) {
    const auto stored = real_->stored(pending->value->gid());
    const bool is_there = stored && stored->revision == pending->value->revision;
    real_->found(is_there);
    if (is_there) keep(*pending);
  }
}

void StoreModel::write(std::shared_ptr<const core::Transaction> value, std::optional<Time> due, bool is_new_work,
                       Once<store::WriteAnswer> done) {
  const Identity identity = identity_of(*value);
  const std::uint64_t id = ++last_write_;
  pending_.push_back({id, std::move(value), due, false, run_});
  const bool slow = context_.faults.fires(Point::store_slow, identity);
  const Duration until_durable = context_.pick(Point::latency, identity, 0, slow ? 60 : 3);
  const Duration until_answered = context_.pick(Point::latency, identity, 0, slow ? 40 : 2);
  context_.after(until_durable, identity, [this, id, identity, until_answered, is_new_work, done = std::move(done)]() mutable {
    Pending* pending = find_pending(id);
    // The process that asked has ended.
    if (pending == nullptr) return;
    const store::WriteAnswer answer = answer_to(*pending, identity, is_new_work);
    pending->applied = true;
    context_.after(until_answered, identity, [this, id, answer, done = std::move(done)]() mutable {
      if (std::erase_if(pending_, [id](const Pending& one) { return one.id == id; }) > 0) done(answer);
    });
  });
}

store::WriteAnswer StoreModel::answer_to(const Pending& pending, Identity identity, bool is_new_work) {
  Faults& faults = context_.faults;
  const auto unknown = context_.bug == Bug::guesses_unknown_writes ? store::WriteAnswer::ok : store::WriteAnswer::unknown;
  if (faults.fires(Point::store_unavailable, identity)) return store::WriteAnswer::unavailable;
  if (is_new_work && faults.fires(Point::store_overloaded, identity)) return store::WriteAnswer::overloaded;
  if (faults.fires(Point::store_unknown_lost, identity)) {
    lose(pending, identity);
    return unknown;
  }
  if (faults.fires(Point::conflict, identity)) {
    ++context_.history.noticed.conflicts;
    return store::WriteAnswer::conflict;
  }
  const store::WriteAnswer answer = apply(pending);
  if (answer == store::WriteAnswer::conflict) ++context_.history.noticed.conflicts;
  return answer == store::WriteAnswer::ok && faults.fires(Point::store_unknown_applied, identity) ? unknown : answer;
}

void StoreModel::lose(const Pending& pending, Identity identity) {
  lost_.push_back(pending);
  // The log tries at once, and then every second, to write something in its place.
  const Duration until_replaced = context_.pick(Point::latency, identity, 0, 1'000);
  context_.after(until_replaced, identity,
                 [this, id = pending.id] { std::erase_if(lost_, [id](const Pending& one) { return one.id == id; }); });
}

void StoreModel::load(const protocol::Gid& gid, Once<Result<store::Found>> done) {
  const Identity identity{.transaction = ordinal_of(gid.text())};
  context_.after(context_.pick(Point::latency, identity, 0, 3), identity, [this, identity, done = std::move(done)]() mutable {
    if (context_.faults.fires(Point::store_read_failed, identity) || is_in_doubt()) {
      done(Error{make_error_code(store::LogErrc::unavailable), why});
      return;
    }
    const protocol::Gid& wanted = gid_of(identity.transaction);
    if (real_) return done(real_->load(wanted));
    store::Found found;
    if (Row* row = row_of(wanted)) {
      // Retention ends some time after the end.
      if (!row->is_retired && row->value->is_terminal() && context_.faults.fires(Point::row_retired, identity)) {
        row->is_retired = true;
        context_.history.retired.push_back(identity.transaction);
      }
      found.retired = row->is_retired;
      if (row->is_damaged) found.corrupt = why;
      if (!found.retired && !found.corrupt) found.transaction = *row->value;
    }
    done(std::move(found));
  });
}

void StoreModel::load_due(const engine::node::DueWanted& wanted, Once<Result<store::DuePage>> done) {
  const Identity identity{.attempt = run_};
  // Housekeeping: a coordinator that has nothing to do asks as well.
  context_.queue.after(context_.pick(Point::latency, identity, 0, 5), identity, [this, wanted, identity, done = std::move(done)]() mutable {
    if (context_.faults.fires(Point::store_read_failed, identity) || is_in_doubt()) {
      done(Error{make_error_code(store::LogErrc::unavailable), why});
      return;
    }
    done(real_ ? real_->load_due(wanted) : page_of(wanted));
  });
}

store::DuePage StoreModel::page_of(const engine::node::DueWanted& wanted) const {
  std::vector<std::pair<store::DuePosition, const Row*>> due;
  for (const Row& row : rows_) {
    if (!row.value || !row.due || *row.due > wanted.until) continue;
    const store::DuePosition position{core::to_ms(*row.due), row.id};
    if (!wanted.after || is_before(*wanted.after, position)) due.emplace_back(position, &row);
  }
  std::ranges::sort(due, [](const auto& one, const auto& other) { return is_before(one.first, other.first); });
  store::DuePage page;
  store::DuePosition last;
  page.complete_until_ms = core::to_ms(wanted.until);
  for (const auto& [position, row] : due) {
    const bool is_full = page.transactions.size() >= wanted.limit;
    // Rows that are due at the same time are never torn apart.
    if (is_full && position.due_at_ms != page.transactions.back().first) {
      page.complete_until_ms = page.transactions.back().first;
      page.next = last;
      break;
    }
    last = position;
    const core::Transaction& value = *row->value;
    if (row->is_damaged) {
      page.corrupt.emplace_back(value.gid(), why);
      continue;
    }
    if (context_.bug == Bug::recovery_skips_aborting && value.status == protocol::Status::aborting) continue;
    page.transactions.emplace_back(position.due_at_ms, value);
  }
  return page;
}

void StoreModel::crash(bool keeps_writes) {
  if (real_ && real_->can_lose_power()) {
    lose_power();
    pending_.clear();
    return;
  }
  for (const Pending& pending : pending_) {
    if (pending.applied) continue;
    const Identity identity = identity_of(*pending.value);
    if (keeps_writes || context_.faults.fires(Point::write_survives_crash, identity)) {
      (void)apply(pending);
    } else if (context_.faults.fires(Point::late_write, identity)) {
      arrive_late(pending);
    }
  }
  pending_.clear();
  // What lay in a cache that could be read neither way is on the disk after all, unless something else has taken its place.
  for (const Pending& pending : std::exchange(lost_, {})) {
    if (!context_.faults.fires(Point::lost_write_returns, identity_of(*pending.value))) continue;
    if (apply(pending) == store::WriteAnswer::ok) ++context_.history.noticed.lost_writes_returned;
  }
  for (Row& row : rows_) {
    // The product's rows are damaged by tests of their own.
    if (!row.value || real_ || row.is_damaged || !context_.faults.fires(Point::row_damaged, identity_of(*row.value))) continue;
    row.is_damaged = true;
    context_.history.damaged.push_back(ordinal_of(row.value->gid().text()));
  }
  if (context_.bug != Bug::loses_acknowledged_writes) return;
  // What a page cache does that was never synced: the last write of each transaction goes.
  for (Row& row : rows_) {
    if (!row.value) continue;
    row.value = std::exchange(row.before, nullptr);
    if (!row.value) {
      row = {};
    } else {
      row.due = row.value->is_terminal() ? std::nullopt : std::optional(row.value->updated_at);
    }
  }
}

void StoreModel::arrive_late(Pending pending) {
  const Identity identity = identity_of(*pending.value);
  const Duration wait = context_.pick(Point::latency, identity, 0, 800);
  context_.queue.after(wait, identity, [this, pending = std::move(pending)] {
    auto& noticed = context_.history.noticed;
    if (pending.run != run_) {
      // The log is one run's at a time: what an earlier one still sends changes nothing, whatever it rests on.
      ++noticed.late_writes_kept_out;
      if (context_.bug == Bug::lets_the_dead_write && !real_) keep(pending);
    } else if (apply(pending) == store::WriteAnswer::ok) {
      ++noticed.late_writes;
    }
  });
}

std::int64_t StoreModel::unfinished() const {
  return std::ranges::count_if(rows_, [](const Row& row) { return row.value && !row.value->is_terminal() && !row.is_damaged; });
}

std::shared_ptr<const core::Transaction> StoreModel::find(const protocol::Gid& gid) const {
  const Row* row = row_of(gid);
  return row == nullptr ? nullptr : row->value;
}

std::shared_ptr<const core::Transaction> StoreModel::find_before(const protocol::Gid& gid) const {
  const Row* row = row_of(gid);
  return row == nullptr ? nullptr : row->before;
}

std::vector<std::shared_ptr<const core::Transaction>> StoreModel::all() const {
  std::vector<std::shared_ptr<const core::Transaction>> values;
  for (const Row& row : rows_) {
    if (row.value) values.push_back(row.value);
  }
  return values;
}

}  // namespace escrow::sim
