#include "tests/contract/logs.hpp"

#include <stdexcept>

#include "coordinator/store/memory/log.hpp"
#include "coordinator/store/sqlite/log.hpp"

namespace escrow::testing {
namespace {

std::unique_ptr<store::Log> opened(const store::sqlite::Options& options) {
  auto log = store::sqlite::open_log(options);
  if (!log) throw std::runtime_error(log.error().detail);
  return std::move(*log);
}

class SqliteFile final : public LogPlace {
 public:
  std::unique_ptr<store::Log> open() override { return opened({.path = directory_.path() + "/escrow.db"}); }
  [[nodiscard]] bool remembers() const override { return true; }

 private:
  TemporaryDirectory directory_;
};

class SqliteMemory final : public LogPlace {
 public:
  std::unique_ptr<store::Log> open() override { return opened({}); }
  [[nodiscard]] bool remembers() const override { return false; }
};

class Memory final : public LogPlace {
 public:
  std::unique_ptr<store::Log> open() override { return store::open_memory_log(disk_); }
  [[nodiscard]] bool remembers() const override { return true; }

 private:
  std::shared_ptr<store::MemoryDisk> disk_ = store::make_memory_disk("00000000-0000-4000-8000-000000000000");
};

}  // namespace

std::unique_ptr<LogPlace> log_place(const std::string& kind) {
  if (kind == "sqlite file") return std::make_unique<SqliteFile>();
  if (kind == "sqlite memory") return std::make_unique<SqliteMemory>();
  return std::make_unique<Memory>();
}

}  // namespace escrow::testing
