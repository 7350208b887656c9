#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/codec.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/memory/log.hpp"

namespace escrow::store {

class MemoryDisk {
 public:
  struct Kept {
    std::string gid;
    StoredTransaction stored;
    std::map<std::string, std::string> attributes;
    std::vector<std::int64_t> events;
  };
  struct Content {
    std::string store_id;
    std::int64_t run = 0;
    std::int64_t latest_ms = 0;
    std::int64_t last_id = 0;
    std::int64_t last_seq = 0;
    std::int64_t removed_seq = 0;
    std::map<std::int64_t, Kept> transactions;
    std::map<std::string, std::int64_t, std::less<>> ids;
    std::set<std::pair<std::int64_t, std::int64_t>> due;
    std::map<std::int64_t, StoredEvent> events;
    std::map<std::string, std::int64_t, std::less<>> tombstones;
  };

  explicit MemoryDisk(Content content) : content_(std::move(content)) {}

  /// Runs `use` with the content, alone.
  template <class Use>
  auto with(Use use) {
    const std::lock_guard lock(mutex_);
    return use(content_);
  }
  [[nodiscard]] Content content() const {
    const std::lock_guard lock(mutex_);
    return content_;
  }

 private:
  mutable std::mutex mutex_;
  Content content_;
};

[[nodiscard]] std::unique_ptr<Reader> open_memory_reader(std::shared_ptr<MemoryDisk> disk);

}  // namespace escrow::store
