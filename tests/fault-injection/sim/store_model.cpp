#include "tests/fault-injection/sim/store_model.hpp"

#include <algorithm>

namespace escrow::sim {
namespace {

Identity identity_of(const core::Transaction& transaction) {
  return {.transaction = ordinal_of(transaction.gid().text()), .attempt = transaction.revision};
}

constexpr std::uint64_t real_purpose = 0x4ea1;

store::WriteResult answer(store::WriteAnswer what) { return {what, 0, what == store::WriteAnswer::ok ? "" : "the store model says so"}; }

}  // namespace

StoreModel::StoreModel(Context& context) : context_(context) {
  if (!context.is_ordinary && Dice(context.seed, real_purpose, {}).chance(1.0 / 64)) real_ = std::make_unique<RealLog>();
}

std::int64_t StoreModel::begin_run() {
  if (real_) real_->begin_run();
  return ++run_;
}

void StoreModel::set_due(const std::string& gid, Row& row, std::optional<Time> due) {
  if (row.due) due_.erase({core::to_ms(*row.due), row.id});
  row.due = due;
  if (due) due_[{core::to_ms(*due), row.id}] = gid;
}

void StoreModel::put(const std::string& gid, std::shared_ptr<const core::Transaction> value, std::optional<Time> due) {
  Row& row = rows_[gid];
  if (row.id == 0) row.id = ++last_id_;
  row.before = std::exchange(row.value, std::move(value));
  set_due(gid, row, due);
}

store::WriteAnswer StoreModel::apply(const Pending& pending) {
  const core::Transaction& value = *pending.value;
  const auto found = rows_.find(value.gid().text());
  if (found != rows_.end() && (found->second.is_damaged || found->second.is_retired)) return store::WriteAnswer::conflict;
  const std::int64_t stored = found == rows_.end() ? 0 : found->second.value->revision;
  // The product's log says itself what conflicts.
  if (!real_ && stored != value.revision - 1 && context_.bug != Bug::writes_unconditionally) return store::WriteAnswer::conflict;
  Written written;
  written.run = value.run;
  written.transaction = ordinal_of(value.gid().text());
  written.value = pending.value;
  if (real_) {
    const auto answer = real_->apply(value, pending.due);
    if (answer != store::WriteAnswer::ok) return answer;
    written.given = std::exchange(written.value, real_->stored(value.gid()));
    // What cannot be read back is a loss for S18 to tell; the run goes on with what was given.
    if (!written.value) written.value = pending.value;
  }
  put(value.gid().text(), written.value, pending.due);
  latest_ = std::max(latest_, value.updated_at);
  context_.record(context_.history.written, std::move(written));
  ++last_seq_;
  return store::WriteAnswer::ok;
}

void StoreModel::write(const engine::node::WriteWanted& wanted, WriteDone done) {
  auto value = std::make_shared<core::Transaction>(*wanted.transaction);
  value->run = run_;
  const Identity identity = identity_of(*value);
  const std::uint64_t id = ++last_write_;
  pending_[id] = {std::move(value), wanted.due_at, false};
  const bool slow = context_.faults.fires(Point::store_slow, identity);
  const Duration until_durable = context_.pick(Point::latency, identity, 0, slow ? 60 : 3);
  const Duration until_answered = context_.pick(Point::latency, identity, 0, slow ? 40 : 2);
  context_.after(until_durable, identity,
                 [this, id, identity, until_answered, is_new = wanted.is_new_work, done = std::move(done)]() mutable {
                   const auto found = pending_.find(id);
                   // The process that asked has ended.
                   if (found == pending_.end()) return;
                   store::WriteResult result = answer(store::WriteAnswer::ok);
                   Faults& faults = context_.faults;
                   if (faults.fires(Point::store_unavailable, identity)) {
                     result = answer(store::WriteAnswer::unavailable);
                   } else if (is_new && faults.fires(Point::store_overloaded, identity)) {
                     result = answer(store::WriteAnswer::overloaded);
                   } else if (faults.fires(Point::store_unknown_lost, identity)) {
                     result = answer(store::WriteAnswer::unknown);
                   } else {
                     result = answer(apply(found->second));
                     result.last_seq = last_seq_;
                     if (result.answer == store::WriteAnswer::ok && faults.fires(Point::store_unknown_applied, identity)) {
                       result = answer(store::WriteAnswer::unknown);
                     }
                   }
                   if (result.answer == store::WriteAnswer::unknown && context_.bug == Bug::guesses_unknown_writes)
                     result = answer(store::WriteAnswer::ok);
                   found->second.applied = true;
                   context_.after(until_answered, identity, [this, id, result, done = std::move(done)] {
                     if (pending_.erase(id) > 0) done(result);
                   });
                 });
}

void StoreModel::load(const protocol::Gid& gid, std::function<void(Result<store::Found>)> done) {
  const Identity identity{.transaction = ordinal_of(gid.text())};
  context_.after(context_.pick(Point::latency, identity, 0, 3), identity, [this, gid, identity, done = std::move(done)] {
    if (context_.faults.fires(Point::store_read_failed, identity)) {
      done(Error{make_error_code(store::LogErrc::unavailable), "the store model says so"});
      return;
    }
    if (real_) return done(real_->load(gid));
    store::Found found;
    if (const auto row = rows_.find(gid.text()); row != rows_.end()) {
      // Retention ends some time after the end.
      if (!row->second.is_retired && row->second.value->is_terminal() && context_.faults.fires(Point::row_retired, identity)) {
        row->second.is_retired = true;
        context_.history.retired.push_back(ordinal_of(gid.text()));
      }
      found.retired = row->second.is_retired;
      if (row->second.is_damaged) found.corrupt = "the store model says so";
      if (!found.retired && !found.corrupt) found.transaction = *row->second.value;
    }
    done(std::move(found));
  });
}

void StoreModel::load_due(const engine::node::DueWanted& wanted, std::function<void(Result<store::DuePage>)> done) {
  const Identity identity{.attempt = run_};
  // Housekeeping: a coordinator that has nothing to do asks as well.
  context_.queue.after(context_.pick(Point::latency, identity, 0, 5), identity, [this, wanted, identity, done = std::move(done)] {
    if (context_.faults.fires(Point::store_read_failed, identity)) {
      done(Error{make_error_code(store::LogErrc::unavailable), "the store model says so"});
      return;
    }
    if (real_) return done(real_->load_due(wanted));
    store::DuePage page;
    store::DuePosition last;
    page.complete_until_ms = core::to_ms(wanted.until);
    const auto begin = wanted.after ? due_.upper_bound({wanted.after->due_at_ms, wanted.after->id}) : due_.begin();
    for (auto row = begin; row != due_.end() && row->first.first <= core::to_ms(wanted.until); ++row) {
      const auto& [due, id] = row->first;
      const bool is_full = page.transactions.size() >= wanted.limit;
      // Rows that are due at the same time are never torn apart.
      if (is_full && due != page.transactions.back().first) {
        page.complete_until_ms = page.transactions.back().first;
        page.next = last;
        break;
      }
      last = {due, id};
      const Row& stored = rows_.at(row->second);
      const core::Transaction& value = *stored.value;
      if (stored.is_damaged) {
        page.corrupt.emplace_back(value.gid(), "the store model says so");
        continue;
      }
      if (context_.bug == Bug::recovery_skips_aborting && value.status == protocol::Status::aborting) continue;
      page.transactions.emplace_back(due, value);
    }
    done(std::move(page));
  });
}

void StoreModel::crash(bool keeps_writes) {
  for (auto& [id, pending] : pending_) {
    if (pending.applied) continue;
    if (keeps_writes || context_.faults.fires(Point::write_survives_crash, identity_of(*pending.value))) (void)apply(pending);
  }
  pending_.clear();
  for (auto& [gid, row] : rows_) {
    // The product's rows are damaged by tests of their own.
    if (real_ || row.is_damaged || !context_.faults.fires(Point::row_damaged, identity_of(*row.value))) continue;
    row.is_damaged = true;
    context_.history.damaged.push_back(ordinal_of(gid));
  }
  if (context_.bug != Bug::loses_acknowledged_writes) return;
  // What a page cache does that was never synced: the last write of each transaction goes.
  std::vector<std::string> gids;
  for (const auto& [gid, row] : rows_) gids.push_back(gid);
  for (const auto& gid : gids) {
    Row& row = rows_.at(gid);
    if (!row.before) {
      set_due(gid, row, std::nullopt);
      rows_.erase(gid);
      continue;
    }
    row.value = std::exchange(row.before, nullptr);
    set_due(gid, row, row.value->is_terminal() ? std::nullopt : std::optional(row.value->updated_at));
  }
}

std::int64_t StoreModel::unfinished() const {
  return std::ranges::count_if(rows_, [](const auto& row) { return !row.second.value->is_terminal() && !row.second.is_damaged; });
}

std::shared_ptr<const core::Transaction> StoreModel::find(const protocol::Gid& gid) const {
  const auto found = rows_.find(gid.text());
  return found == rows_.end() ? nullptr : found->second.value;
}

std::shared_ptr<const core::Transaction> StoreModel::find_before(const protocol::Gid& gid) const {
  const auto found = rows_.find(gid.text());
  return found == rows_.end() ? nullptr : found->second.before;
}

std::vector<std::shared_ptr<const core::Transaction>> StoreModel::all() const {
  std::vector<std::shared_ptr<const core::Transaction>> values;
  for (const auto& [gid, row] : rows_) values.push_back(row.value);
  return values;
}

}  // namespace escrow::sim
