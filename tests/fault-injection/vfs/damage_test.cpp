#include <catch2/catch.hpp>

#include <sstream>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/vfs/disk.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// One bit in each page of the database, and in each frame and header of the write-ahead log.

using namespace escrow;
using namespace escrow::testing;
using store::WriteAnswer;
using vfs::Disk;
using vfs::log_path;

namespace {

constexpr int transactions = 12;

/// What became of a log with a flipped bit.
struct Verdict {
  /// Refused at start.
  bool refused = false;
  /// Transactions that are reported as damaged, or can't be read.
  int found = 0;
  /// That are not there, newest first: `missing_old` counts those that are followed by one that is there.
  int missing = 0;
  /// That are something else than what was written.
  int wrong = 0;
};

class Bench {
 public:
  Bench() : disk_("damage") {
    disk_.start({{log_path, ""}}, 3);
    auto log = open();
    RandomTransactions random(99);
    for (int i = 0; i < transactions; ++i) {
      auto transaction = random.start("gid." + std::to_string(i));
      if (i == 0) random.change(transaction);
      transaction.revision = 1;
      REQUIRE((*log)->apply({store::encode_write(transaction, core::from_ms(i), random.history())})[0].answer == WriteAnswer::ok);
      transaction.run = 1;
      texts_.push_back(text_of(transaction));
    }
    killed_ = disk_.seen();
    log->reset();
    closed_ = disk_.seen();
  }

  Verdict judge(const vfs::Image& image) {
    Verdict verdict;
    const auto bytes_of = [&](const std::string& name) {
      const auto found = image.find(name);
      return found == image.end() ? std::string() : found->second;
    };
    std::istringstream database(bytes_of(log_path));
    std::istringstream wal(bytes_of(log_path + "-wal"));
    std::istringstream journal;
    disk_.start(image, 4);
    auto log = store::sqlite::inspect(log_path, database, wal, journal) ? open() : Result<std::unique_ptr<store::Log>>(Error{});
    if (!log) {
      verdict.refused = true;
      return verdict;
    }
    auto reader = (*log)->open_reader();
    if (!reader) {
      verdict.refused = true;
      return verdict;
    }
    for (int i = 0; i < transactions; ++i) {
      const auto loaded = (*reader)->load(protocol::Gid::parse("gid." + std::to_string(i)).value());
      if (!loaded || loaded->corrupt) {
        ++verdict.found;
      } else if (!loaded->transaction) {
        ++verdict.missing;
      } else {
        verdict.wrong += text_of(*loaded->transaction) == texts_[static_cast<std::size_t>(i)] ? 0 : 1;
      }
    }
    return verdict;
  }

  [[nodiscard]] const vfs::Image& killed() const { return killed_; }
  [[nodiscard]] const vfs::Image& closed() const { return closed_; }

 private:
  Result<std::unique_ptr<store::Log>> open() {
    return store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = disk_.name(), .has_real_files = false});
  }

  Disk disk_;
  std::vector<std::string> texts_;
  vfs::Image killed_;
  vfs::Image closed_;
};

vfs::Image flipped(const vfs::Image& image, const std::string& file, std::size_t at, unsigned bit) {
  vfs::Image damaged = image;
  char& byte = damaged.at(file).at(at);
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << bit));
  return damaged;
}

}  // namespace

TEST_CASE("B10: a bit that flips in a page is found or harmless, and no transaction is missing or another one", "[vfs]") {
  Bench bench;
  const std::size_t size = bench.closed().at(log_path).size();
  int flips = 0, noticed = 0;
  for (std::size_t page = 0; page * 8'192 < size; ++page) {
    for (std::uint64_t draw = 0; draw < 12; ++draw) {
      // The header and the cells of a page rather than the room between them.
      const std::uint64_t drawn = sim::mixed(page, draw);
      const std::size_t in_page = draw % 3 == 0 ? drawn % 100 : draw % 3 == 1 ? 8'191 - drawn % 2'000 : drawn % 8'192;
      CAPTURE(page, in_page);
      const auto verdict = bench.judge(flipped(bench.closed(), log_path, page * 8'192 + in_page, static_cast<unsigned>(draw % 8)));
      ++flips;
      noticed += verdict.refused || verdict.found > 0 ? 1 : 0;
      CHECK(verdict.wrong == 0);
      CHECK(verdict.missing == 0);
    }
  }
  CHECK(flips > 200);
  CHECK(noticed > flips / 4);
}

TEST_CASE("B10: a bit that flips in a frame of the write-ahead log is found, or costs the last commits at most", "[vfs]") {
  Bench bench;
  const std::string file = log_path + "-wal";
  const std::size_t size = bench.killed().at(file).size();
  int refused = 0, lost = 0, most = 0;
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < 32; ++at) places.push_back(at);
  for (std::size_t frame = 0; 32 + frame * 8'216 < size; ++frame) {
    const std::size_t begin = 32 + frame * 8'216;
    for (const std::size_t field : {2U, 6U, 10U, 14U, 18U, 22U, 24U}) places.push_back(begin + field);
    places.push_back(begin + 24 + sim::mixed(frame) % 8'192);
  }
  for (const std::size_t at : places) {
    CAPTURE(at);
    const auto verdict = bench.judge(flipped(bench.killed(), file, at, 3));
    CHECK(verdict.wrong == 0);
    refused += verdict.refused ? 1 : 0;
    lost += verdict.missing > 0 ? 1 : 0;
    most = std::max(most, verdict.missing);
  }
  CHECK(refused > 100);
  // Those of the last commit look like one that was never finished; so does the mark of the commit before it with salts that are not its
  // own.
  CHECK(lost < refused / 8);
  CHECK(most <= 2);
}
