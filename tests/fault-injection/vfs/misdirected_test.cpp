#include <catch2/catch.hpp>

#include <map>
#include <sstream>
#include <string>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/vfs/disk.hpp"
#include "tests/fault-injection/vfs/session.hpp"

/// A disk that answers one read with another page of the same file, or the page of another frame of the write-ahead log.

using namespace escrow;
using namespace escrow::testing;
using store::WriteAnswer;
using vfs::Disk;
using vfs::log_path;

namespace {

// Enough for several pages of every index.
constexpr int transactions = 120;

struct Verdicts {
  int reads = 0;
  /// Reported as damaged, or the read failed.
  int found = 0;
  int harmless = 0;
  /// Of transactions that are there, those that were not found: a page of an index stood in the place of another one.
  int missing = 0;
  /// Read as something else than what was written.
  int wrong = 0;
};

std::string gid_of(int i) { return "a-long-name-so-that-an-index-has-several-pages-" + std::string(60, 'x') + std::to_string(i); }

class Bench {
 public:
  explicit Bench(bool in_wal) : disk_("misdirected") {
    disk_.start({{log_path, ""}}, 11);
    auto log = open();
    RandomTransactions random(7);
    for (int i = 0; i < transactions; ++i) {
      auto transaction = random.start(gid_of(i));
      const auto due = transaction.is_terminal() ? std::nullopt : std::optional(core::from_ms(i));
      REQUIRE(log->apply({store::encode_write(transaction, due, random.history())})[0].answer == WriteAnswer::ok);
      transaction.run = 1;
      texts_[transaction.gid().text()] = text_of(transaction);
    }
    if (in_wal) {
      image_ = disk_.seen();
      disk_.end_process();
    }
    log.reset();
    if (!in_wal) image_ = disk_.seen();
    disk_.start(image_, 12);
    log_ = open();
    // A start empties the write-ahead log.
    if (in_wal) REQUIRE(log_->apply({start_of(started("last"))})[0].answer == WriteAnswer::ok);
  }

  /// Each read of one loading, by a reader that has read nothing yet.
  void load_each(Verdicts& verdicts, int which) {
    const auto gid = protocol::Gid::parse(gid_of(which)).value();
    for (int at = 1; at < 200; ++at) {
      auto reader = std::move(*log_->open_reader());
      disk_.arm({.at = at, .harm = vfs::Harm::misdirected});
      const auto loaded = reader->load(gid);
      const bool struck = disk_.struck() > 0;
      disk_.disarm();
      if (!struck) return;
      ++verdicts.reads;
      if (!loaded || loaded->corrupt) {
        ++verdicts.found;
      } else if (!loaded->transaction) {
        ++verdicts.missing;
      } else {
        ++(text_of(*loaded->transaction) == texts_.at(gid.text()) ? verdicts.harmless : verdicts.wrong);
      }
      // The next one sees what is there.
      const auto again = std::move(*log_->open_reader())->load(gid);
      REQUIRE((again && again->transaction && text_of(*again->transaction) == texts_.at(gid.text())));
    }
  }

  /// Some of the reads of what a start asks for.
  void load_due(Verdicts& verdicts) {
    for (int at = 1; at < 4'000; at += 23) {
      auto reader = std::move(*log_->open_reader());
      disk_.arm({.at = at, .harm = vfs::Harm::misdirected});
      const auto page = reader->load_due(1'000'000'000, 1'000, std::nullopt);
      const bool struck = disk_.struck() > 0;
      disk_.disarm();
      if (!struck) return;
      ++verdicts.reads;
      if (!page || !page->corrupt.empty()) ++verdicts.found;
      if (!page) continue;
      for (const auto& [due, transaction] : page->transactions) {
        const auto known = texts_.find(transaction.gid().text());
        if (known != texts_.end() && known->second != text_of(transaction)) ++verdicts.wrong;
      }
    }
  }

  /// Some of the reads of a start, each in a start of its own, and what is read after it.
  void start_each(Verdicts& verdicts, int stride) {
    log_.reset();
    for (int at = 1; at < 20'000; at += stride) {
      disk_.start(image_, 13);
      disk_.arm({.at = at, .harm = vfs::Harm::misdirected});
      auto log = try_to_open();
      const bool struck = disk_.struck() > 0;
      disk_.disarm();
      if (!struck) return;
      ++verdicts.reads;
      if (!log) {
        ++verdicts.found;
        // The next start reads what is there.
        disk_.end_process();
        log = open();
      }
      auto opened = log->open_reader();
      if (!opened) {
        ++verdicts.found;
        continue;
      }
      const auto reader = std::move(*opened);
      for (int i = 0; i < transactions; i += 17) {
        const auto loaded = reader->load(protocol::Gid::parse(gid_of(i)).value());
        if (!loaded || loaded->corrupt) {
          ++verdicts.found;
        } else if (!loaded->transaction) {
          ++verdicts.missing;
        } else {
          ++(text_of(*loaded->transaction) == texts_.at(gid_of(i)) ? verdicts.harmless : verdicts.wrong);
        }
      }
    }
  }

 private:
  std::unique_ptr<store::Log> try_to_open() {
    const vfs::Image files = disk_.seen();
    const auto bytes_of = [&](const std::string& name) { return files.contains(name) ? files.at(name) : std::string(); };
    std::istringstream database(bytes_of(log_path));
    std::istringstream wal(bytes_of(log_path + "-wal"));
    std::istringstream journal;
    const auto frames = store::sqlite::inspect(log_path, database, wal, journal);
    REQUIRE(frames);
    auto log =
        store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = disk_.name(), .has_real_files = false, .wal_frames = *frames});
    return log ? std::move(*log) : nullptr;
  }
  std::unique_ptr<store::Log> open() {
    auto log = try_to_open();
    REQUIRE(log);
    return log;
  }

  Disk disk_;
  vfs::Image image_;
  std::map<std::string, std::string> texts_;
  std::unique_ptr<store::Log> log_;
};

}  // namespace

TEST_CASE("B16: a read that returns another page never makes a transaction another one, and is mostly found", "[vfs]") {
  const bool in_wal = GENERATE(false, true);
  Bench bench(in_wal);
  Verdicts loads;
  for (int i = 0; i < transactions; i += 5) bench.load_each(loads, i);
  CAPTURE(in_wal, loads.reads, loads.found, loads.harmless, loads.missing);
  CHECK(loads.wrong == 0);
  CHECK(loads.reads > 150);
  CHECK(loads.found > loads.reads / 2);
  CHECK(loads.missing < loads.reads / 10);

  Verdicts due;
  bench.load_due(due);
  CAPTURE(due.reads, due.found);
  CHECK(due.wrong == 0);
  CHECK(due.found > 0);

  Verdicts starts;
  bench.start_each(starts, in_wal ? 13 : 5);
  CAPTURE(starts.reads, starts.found, starts.harmless, starts.missing);
  CHECK(starts.wrong == 0);
  CHECK(starts.missing == 0);
  CHECK(starts.found > 0);
}
