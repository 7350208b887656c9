#include "tests/fault-injection/vfs/session.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"

namespace escrow::vfs {
namespace {

using store::WriteAnswer;

// Small, so that a short session sees the write-ahead log begin anew several times.
constexpr std::int64_t checkpoint_pages = 24;

protocol::Gid gid_of(const std::string& text) { return protocol::Gid::parse(text).value(); }

std::string bytes_of(const Image& image, const std::string& name) {
  const auto found = image.find(name);
  return found == image.end() ? std::string() : found->second;
}

}  // namespace

void SessionCounts::add(const SessionCounts& other) {
  acknowledged += other.acknowledged;
  conflicts += other.conflicts;
  unavailable += other.unavailable;
  unknown += other.unknown;
  found_applied += other.found_applied;
  found_lost += other.found_lost;
  came_back += other.came_back;
  fatal += other.fatal;
  refused_to_open += other.refused_to_open;
  checkpoints += other.checkpoints;
  starts += other.starts;
  reads_failed += other.reads_failed;
  piled_up += other.piled_up;
  read_wrongly += other.read_wrongly;
}

Session::Session(Disk& disk, std::uint64_t seed, Ledger known)
    : disk_(disk), seed_(seed), dice_(seed, 0xd15c, {}), random_(sim::mixed(seed)), ledger_(std::move(known)) {
  mark();
}

Session::~Session() { end(true); }

void Session::mark() {
  Digests digests{ledger_.digest()};
  if (pending_) digests.insert(pending_->after.digest());
  for (const auto& stale : stale_) digests.insert(stale.after.digest());
  allowed_.push_back(std::move(digests));
  disk_.mark(static_cast<std::int64_t>(allowed_.size()) - 1);
}

bool Session::open() {
  const Image image = disk_.seen();
  std::istringstream database(bytes_of(image, log_path));
  std::istringstream wal(bytes_of(image, log_path + "-wal"));
  std::istringstream journal(bytes_of(image, log_path + "-journal"));
  std::optional<Error> refused;
  auto inspected = store::sqlite::inspect(log_path, database, wal, journal);
  if (!inspected) {
    refused = inspected.error();
    if (may_pile_up_ && refused->code == store::LogErrc::corrupt) {
      give_up();
      return false;
    }
  } else {
    auto log = store::sqlite::open_log({.path = log_path,
                                        .checkpoint_pages = checkpoint_pages,
                                        .busy_ms = 20,
                                        .vfs = disk_.name(),
                                        .has_real_files = false,
                                        .wal_frames = *inspected});
    if (log) {
      log_ = std::move(*log);
    } else {
      refused = log.error();
    }
  }
  if (refused) {
    ++counts_.refused_to_open;
    if (refused->code != store::LogErrc::unavailable && !is_excused()) fail("refused for good: " + refused->detail);
    return false;
  }
  ++counts_.starts;
  if (!store_id_.empty() && log_->store_id() != store_id_) fail("another log stands in the place of the one there was");
  store_id_ = log_->store_id();
  if (log_->run() <= run_) fail("the number of the run went back");
  run_ = log_->run();
  // What recovery found is durable: the log has been emptied into the database, and a new run committed.
  settle();
  mark();
  return true;
}

void Session::end(bool in_good_order) {
  if (stuck_ != nullptr && in_good_order) sqlite3_close_v2(std::exchange(stuck_, nullptr));
  if (!in_good_order) disk_.end_process();
  reader_.reset();
  log_.reset();
  if (stuck_ != nullptr) sqlite3_close_v2(std::exchange(stuck_, nullptr));
}

void Session::turn() {
  if (is_given_up_) return;
  if (!log_ && !open()) return;
  if (log_->fatal()) {
    ++counts_.fatal;
    end(dice_.chance(0.5));
    if (!open()) return;
  }
  if (pending_) {
    // The store tries whether the disk is back before anybody reads.
    if (dice_.chance(0.5)) (void)log_->probe();
    settle();
    if (pending_) return;
  }
  const int what = dice_.below(100);
  if (what < 62) {
    write_batch();
  } else if (what < 72) {
    remove_old();
  } else if (what < 80) {
    read_all();
  } else if (what < 84) {
    (void)log_->probe();
  } else if (what < 90) {
    hold_a_reader();
  } else if (what < 95) {
    end(true);
    (void)open();
  } else {
    end(false);
    (void)open();
  }
  after_writing();
}

void Session::after_writing() {
  mark();
  if (!log_) return;
  const std::size_t before = disk_.trace().happened.size();
  (void)log_->tend();
  if (disk_.trace().happened.size() > before) ++counts_.checkpoints;
  mark();
}

void Session::write_batch() {
  Pending done{ledger_, live_};
  std::vector<store::Write> writes;
  std::vector<bool> is_conflict;
  const int size = 1 + dice_.below(4);
  std::set<std::string> touched;
  for (int i = 0; i < size; ++i) {
    auto pick = done.live.begin();
    if (!done.live.empty()) std::advance(pick, dice_.below(static_cast<int>(done.live.size())));
    const int what = dice_.below(10);
    if (done.live.empty() || what < 4) {
      const std::string gid = "gid." + std::to_string(seed_) + "." + std::to_string(next_gid_++);
      auto transaction = random_.start(gid);
      writes.push_back(store::encode_write(transaction, transaction.started_at, random_.history()));
      done.live.emplace(gid, std::move(transaction));
      is_conflict.push_back(false);
      touched.insert(gid);
    } else if (what < 9 && !touched.contains(pick->first)) {
      core::Transaction& transaction = pick->second;
      random_.change(transaction);
      writes.push_back(store::encode_write(transaction, transaction.is_terminal() ? std::nullopt : std::optional(transaction.updated_at),
                                           random_.history()));
      is_conflict.push_back(false);
      touched.insert(pick->first);
    } else if (!touched.contains(pick->first)) {
      // Somebody whose memory is old.
      auto write = store::encode_write(pick->second, pick->second.updated_at, {});
      if (write.finished_at_ms) write.due_at_ms.reset();
      writes.push_back(std::move(write));
      is_conflict.push_back(true);
      touched.insert(pick->first);
    }
  }
  if (writes.empty()) return;
  std::int64_t events = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (is_conflict[i]) continue;
    done.after.write(writes[i]);
    events += std::ssize(writes[i].history);
  }

  const auto results = log_->apply(writes);
  const auto first = results.front().answer;
  if (first == WriteAnswer::unavailable || first == WriteAnswer::unknown) {
    if (std::ranges::any_of(results, [&](const auto& result) { return result.answer != first; })) fail("a batch was refused in part");
    ++(first == WriteAnswer::unknown ? counts_.unknown : counts_.unavailable);
    if (first == WriteAnswer::unknown) pending_ = std::move(done);
    return;
  }
  std::int64_t highest = last_seq_;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].answer != (is_conflict[i] ? WriteAnswer::conflict : WriteAnswer::ok))
      fail("a write was answered wrongly: " + results[i].detail);
    if (is_conflict[i]) {
      ++counts_.conflicts;
    } else {
      ++counts_.acknowledged;
      highest = std::max(highest, results[i].last_seq);
    }
  }
  if (highest < last_seq_ + events) fail("a number of the history was given twice");
  last_seq_ = highest;
  tell(done);
  compare_counts();
}

void Session::tell(const Pending& done) {
  // A batch of conflicts changes nothing on the disk.
  if (done.after.digest() != ledger_.digest()) stale_.clear();
  ledger_ = done.after;
  live_ = done.live;
}

void Session::remove_old() {
  Pending done{ledger_, live_};
  const bool tombstones = dice_.chance(0.3);
  const std::int64_t limit_ms = dice_.between(0, 4'000'000'000'000);
  const std::int64_t until_ms = dice_.between(0, 1'000'000);
  if (tombstones) {
    done.after.remove_tombstones(until_ms);
  } else {
    done.after.remove_finished(limit_ms, until_ms);
  }
  std::erase_if(done.live, [&](const auto& transaction) { return done.after.revision_of(transaction.first) == 0; });
  const auto removed = tombstones ? log_->remove_tombstones(until_ms, 1'000) : log_->remove_finished(limit_ms, until_ms, 1'000);
  if (removed) {
    tell(done);
  } else {
    // It may have been the COMMIT that failed.
    ++counts_.unknown;
    pending_ = std::move(done);
  }
}

void Session::read_all() {
  const std::int64_t before = counts_.read_wrongly;
  read_each();
  // What was read wrongly stays in the memory of its connection. The next one sees what is there.
  if (counts_.read_wrongly > before) reader_.reset();
}

void Session::read_each() {
  if (!reader_) {
    auto opened = log_->open_reader();
    if (!opened) {
      ++counts_.reads_failed;
      return;
    }
    reader_ = std::move(*opened);
  }
  const std::int64_t before = counts_.read_wrongly;
  for (const auto& [gid, transaction] : live_) {
    if (counts_.read_wrongly > before) return;
    const auto found = reader_->load(gid_of(gid));
    if (!found) {
      ++counts_.reads_failed;
      if (found.error().code != store::LogErrc::unavailable && !is_excused())
        fail("a read says that the file is damaged: " + found.error().detail);
    } else if (found->corrupt) {
      if (!is_excused()) fail("a transaction counts as damaged: " + *found->corrupt);
    } else if (!found->transaction) {
      if (!is_excused()) fail(gid + " was not found");
    } else {
      core::Transaction expected = transaction;
      expected.run = found->transaction->run;
      if (testing::text_of(*found->transaction) != testing::text_of(expected)) fail(gid + " was read as something else");
    }
  }
}

void Session::hold_a_reader() {
  if (stuck_ != nullptr) {
    sqlite3_close_v2(std::exchange(stuck_, nullptr));
    return;
  }
  if (sqlite3_open_v2(log_path.c_str(), &stuck_, SQLITE_OPEN_READONLY, disk_.name()) != SQLITE_OK) {
    sqlite3_close_v2(std::exchange(stuck_, nullptr));
    return;
  }
  sqlite3_exec(stuck_, "BEGIN; SELECT count(*) FROM transactions", nullptr, nullptr, nullptr);
}

void Session::settle() {
  Content content;
  // Whoever judges is not the one who is harmed.
  disk_.set_sheltered(true);
  try {
    content = read_content(log_path, disk_.name());
  } catch (const std::exception& error) {
    fail(std::string("what is there cannot be read: ") + error.what());
  }
  disk_.set_sheltered(false);
  if (!content.is_whole) fail("there are rows of no transaction");
  adopt_state(content);
}

void Session::adopt_state(const Content& content) {
  if (content.digest == ledger_.digest()) {
    if (!pending_) return;
    ++counts_.found_lost;
    stale_.push_back(*std::exchange(pending_, std::nullopt));
    return;
  }
  if (pending_ && content.digest == pending_->after.digest()) {
    ++counts_.found_applied;
    tell(*std::exchange(pending_, std::nullopt));
    return;
  }
  const auto back = std::ranges::find_if(stale_, [&](const auto& stale) { return stale.after.digest() == content.digest; });
  if (back != stale_.end()) {
    ++counts_.came_back;
    tell(Pending(*back));
  } else {
    std::string there;
    for (const auto& [gid, revision] : content.revisions) there += gid + "@" + std::to_string(revision) + " ";
    fail("the log holds " + there + "instead of " + ledger_.summary());
  }
  pending_.reset();
}

bool Session::is_excused() {
  if (may_read_wrongly_ == 0 || disk_.struck() == 0) return false;
  --may_read_wrongly_;
  ++counts_.read_wrongly;
  return true;
}

void Session::give_up() {
  ++counts_.piled_up;
  is_given_up_ = true;
  // SQLite itself takes what it finds, up to the first commit that is none. Nobody may have been told that anything else is there.
  disk_.set_sheltered(true);
  try {
    const Content content = read_content(log_path, disk_.name());
    if (!allowed_.back().contains(content.digest)) {
      std::string there;
      for (const auto& [gid, revision] : content.revisions) there += gid + "@" + std::to_string(revision) + " ";
      fail("given up, and the files hold " + there + "instead of " + ledger_.summary());
    }
  } catch (const std::exception& error) {
    fail(std::string("given up, and what is there cannot be read: ") + error.what());
  }
  disk_.set_sheltered(false);
}

void Session::compare_counts() {
  auto reader = log_->open_reader();
  if (!reader) return;
  const auto counts = (*reader)->counts();
  const auto expected = ledger_.counts();
  if (counts && (counts->unfinished != expected.unfinished || counts->attention != expected.attention)) fail("the counts are wrong");
}

void Session::must_be_well() {
  disk_.disarm();
  if (is_given_up_) return;
  for (int i = 0; i < 3 && (!log_ || log_->fatal() || pending_); ++i) {
    if (log_ && log_->fatal()) {
      ++counts_.fatal;
      end(dice_.chance(0.5));
    }
    if (!log_ && !open()) break;
    settle();
  }
  if (is_given_up_) return;
  if (!log_ || log_->fatal() || pending_) {
    fail("it does not go on when the disk is well again");
    return;
  }
  mark();
  const std::int64_t before = counts_.acknowledged;
  auto transaction = testing::started("well." + std::to_string(seed_) + "." + std::to_string(next_gid_++));
  Pending done{ledger_, live_};
  const auto write = testing::start_of(transaction);
  done.after.write(write);
  done.live.emplace(transaction.gid().text(), transaction);
  const auto result = log_->apply({write}).front();
  if (result.answer == WriteAnswer::ok) {
    ++counts_.acknowledged;
    if (result.last_seq <= last_seq_) fail("a number of the history was given twice");
    last_seq_ = result.last_seq;
    tell(done);
    compare_counts();
  }
  if (counts_.acknowledged == before) fail("a write was refused although the disk is well: " + result.detail);
  mark();
  may_read_wrongly_ = 0;
  reader_.reset();
  read_all();
  settle();
}

}  // namespace escrow::vfs
