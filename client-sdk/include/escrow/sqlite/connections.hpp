#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "protocol/result.hpp"

struct sqlite3;

/// Connections to one SQLite file for a service with several threads.
namespace escrow::sqlite {

class ConnectionOptions {
 public:
  /// How long a call waits for another transaction before it answers 425; 0 to 60000 ms. Keep it well below the coordinator's
  /// request_timeout_ms.
  ConnectionOptions& busy_timeout(std::chrono::milliseconds timeout) {
    busy_timeout_ = timeout;
    return *this;
  }
  /// Run once on every new connection, after the pragmas; throws SqlError to refuse it.
  ConnectionOptions& prepare(std::function<void(sqlite3*)> prepare) {
    prepare_ = std::move(prepare);
    return *this;
  }

  [[nodiscard]] std::chrono::milliseconds busy_timeout() const noexcept { return busy_timeout_; }
  [[nodiscard]] const std::function<void(sqlite3*)>& prepare() const noexcept { return prepare_; }

 private:
  std::chrono::milliseconds busy_timeout_{500};
  std::function<void(sqlite3*)> prepare_;
};

/// A pool that grows with the threads that use it. Connections are in WAL mode with `synchronous=FULL`: an answer may rest on
/// a commit only if a power loss can't take it back. Thread-safe; copies share the pool.
class Connections {
  struct Pooled;

 public:
  explicit Connections(std::string path, ConnectionOptions options = {});

  /// One connection for one thread; goes back to the pool when it ends, a transaction left open being rolled back.
  class Lease {
   public:
    [[nodiscard]] sqlite3* get() const noexcept;

   private:
    friend class Connections;
    friend class Barrier;
    explicit Lease(std::shared_ptr<Pooled> held) : held_(std::move(held)) {}
    std::shared_ptr<Pooled> held_;
  };

  /// Errc::busy or Errc::database when a new connection can't be opened.
  [[nodiscard]] Result<Lease> lease() const;

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;
};

}  // namespace escrow::sqlite
