#include <escrow/sqlite/connections.hpp>

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/sqlite/pooled.hpp"
#include "client-sdk/src/sqlite/translate.hpp"

namespace escrow::sqlite {
namespace {

template <class Handle>
Handle open(const std::string& path, const ConnectionOptions& options) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle db(raw);
  if (code != SQLITE_OK) throw SqlError(code, "cannot open " + path + ": " + sqlite3_errstr(code));
  sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout().count()));
  execute(raw, "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
  if (options.prepare()) options.prepare()(raw);
  return db;
}

}  // namespace

struct Connections::Pool {
  std::string path;
  ConnectionOptions options;
  std::mutex mutex;
  std::vector<std::unique_ptr<Pooled>> idle;

  void give_back(std::unique_ptr<Pooled> pooled) noexcept {
    sqlite3* const db = pooled->db.get();
    // A statement that the handler left in the middle of its rows would keep its view of the database, and every later call would be busy.
    for (sqlite3_stmt* left = sqlite3_next_stmt(db, nullptr); left != nullptr; left = sqlite3_next_stmt(db, left)) {
      if (sqlite3_stmt_busy(left) != 0) return;
    }
    // An error that leaves a transaction half ended can't follow its connection into the next call.
    if (sqlite3_get_autocommit(db) == 0 && sqlite3_exec(db, "rollback", nullptr, nullptr, nullptr) != SQLITE_OK) return;
    const std::lock_guard lock(mutex);
    try {
      idle.push_back(std::move(pooled));
    } catch (const std::bad_alloc&) {
      // The connection closes; the next call opens another.
    }
  }
};

Connections::Connections(std::string path, ConnectionOptions options) : pool_(std::make_shared<Pool>()) {
  pool_->path = std::move(path);
  pool_->options = std::move(options);
}

Result<Connections::Lease> Connections::lease() const {
  std::unique_ptr<Pooled> pooled;
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->idle.empty()) {
      pooled = std::move(pool_->idle.back());
      pool_->idle.pop_back();
    }
  }
  if (!pooled) {
    auto opened = translated<Pooled::Handle>([this] { return open<Pooled::Handle>(pool_->path, pool_->options); });
    if (!opened) return opened.error();
    pooled = std::make_unique<Pooled>(std::move(*opened));
  }
  return Lease(std::shared_ptr<Pooled>(pooled.release(), [pool = pool_](Pooled* raw) { pool->give_back(std::unique_ptr<Pooled>(raw)); }));
}

sqlite3* Connections::Lease::get() const noexcept { return held_->db.get(); }

}  // namespace escrow::sqlite
