#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/net/poller.hpp"

struct sqlite3;

namespace escrow::bench {

/// The least log a coordinator can have: one SQLite row for each transaction, every write durable before its callback, all that waits
/// in one commit. No history, no checks, no answer for a failure: a write that fails ends the process.
class FloorLog : private Ready {
 public:
  FloorLog(Poller& poller, const std::string& path);
  ~FloorLog() override;
  FloorLog(const FloorLog&) = delete;
  FloorLog& operator=(const FloorLog&) = delete;

  /// `body` empty: the row is there and gets `status`; else it is made. `durable` runs on the poller's thread.
  void write(std::int64_t id, std::string gid, int status, std::string body, std::function<void()> durable);

 private:
  struct Write {
    std::int64_t id;
    std::string gid;
    int status;
    std::string body;
    std::function<void()> durable;
  };

  void ready(std::uint32_t events) override;
  void commit_until_stopped();
  void commit(std::vector<Write>& batch);

  sqlite3* database_ = nullptr;
  int woken_;
  std::mutex mutex_;
  std::condition_variable something_waits_;
  std::vector<Write> waiting_;
  std::vector<Write> done_;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace escrow::bench
