#include "bench/floor/log.hpp"

#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace escrow::bench {
namespace {

void require(sqlite3* database, bool held) {
  if (held) return;
  std::fprintf(stderr, "%s\n", sqlite3_errmsg(database));
  std::exit(1);
}

void run(sqlite3* database, const char* sql) { require(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK); }

sqlite3_stmt* prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  require(database, sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) == SQLITE_OK);
  return statement;
}

void step(sqlite3* database, sqlite3_stmt* statement) {
  require(database, sqlite3_step(statement) == SQLITE_DONE);
  sqlite3_reset(statement);
}

}  // namespace

FloorLog::FloorLog(Poller& poller, const std::string& path) : woken_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  require(database_, sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
  run(database_, "PRAGMA journal_mode = WAL");
  run(database_, "PRAGMA synchronous = FULL");
  run(database_, "CREATE TABLE IF NOT EXISTS transactions (id INTEGER PRIMARY KEY, gid TEXT UNIQUE, status INTEGER, body BLOB)");
  poller.add(woken_, EPOLLIN, *this);
  writer_ = std::thread([this] { commit_until_stopped(); });
}

FloorLog::~FloorLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_waits_.notify_one();
  writer_.join();
  sqlite3_close_v2(database_);
  close(woken_);
}

void FloorLog::write(std::int64_t id, std::string gid, int status, std::string body, std::function<void()> durable) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({id, std::move(gid), status, std::move(body), std::move(durable)});
  }
  something_waits_.notify_one();
}

void FloorLog::commit_until_stopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    something_waits_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<Write> batch = std::exchange(waiting_, {});
    lock.unlock();
    commit(batch);
    lock.lock();
    done_.insert(done_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    eventfd_write(woken_, 1);
  }
}

void FloorLog::commit(std::vector<Write>& batch) {
  static sqlite3_stmt* const insert = prepare(database_, "INSERT INTO transactions (id, gid, status, body) VALUES (?, ?, ?, ?)");
  static sqlite3_stmt* const update = prepare(database_, "UPDATE transactions SET status = ? WHERE id = ?");
  static sqlite3_stmt* const begin = prepare(database_, "BEGIN IMMEDIATE");
  static sqlite3_stmt* const end = prepare(database_, "COMMIT");
  step(database_, begin);
  for (const Write& write : batch) {
    if (write.body.empty()) {
      sqlite3_bind_int(update, 1, write.status);
      sqlite3_bind_int64(update, 2, write.id);
      step(database_, update);
      continue;
    }
    sqlite3_bind_int64(insert, 1, write.id);
    sqlite3_bind_text(insert, 2, write.gid.data(), static_cast<int>(write.gid.size()), SQLITE_STATIC);
    sqlite3_bind_int(insert, 3, write.status);
    sqlite3_bind_blob(insert, 4, write.body.data(), static_cast<int>(write.body.size()), SQLITE_STATIC);
    step(database_, insert);
  }
  step(database_, end);
}

void FloorLog::ready(std::uint32_t) {
  eventfd_t count = 0;
  eventfd_read(woken_, &count);
  std::vector<Write> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_, {});
  }
  for (Write& write : done) write.durable();
}

}  // namespace escrow::bench
