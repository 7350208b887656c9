#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/vfs/disk.hpp"

#include <sstream>

namespace escrow::fuzz {
namespace {

constexpr int transactions = 6;
const std::string path = "/escrow.db";
const std::string wal_path = path + "-wal";

/// A log with a few transactions, as it is after a kill, and as it is after an orderly end.
class Bench {
 public:
  Bench() : disk_("fuzz") {
    disk_.start({{path, ""}}, 3);
    auto log = open();
    check(log.has_value(), "no log");
    testing::RandomTransactions random(99);
    for (int i = 0; i < transactions; ++i) {
      core::Transaction transaction = random.start("gid." + std::to_string(i));
      const auto answer = (*log)->apply({store::encode_write(transaction, core::from_ms(i), random.history())})[0].answer;
      check(answer == store::WriteAnswer::ok, "no write");
      transaction.run = 1;
      texts_.push_back(testing::text_of(transaction));
    }
    killed_ = disk_.seen();
    log->reset();
    closed_ = disk_.seen();
  }

  [[nodiscard]] const vfs::Image& killed() const { return killed_; }
  [[nodiscard]] const vfs::Image& closed() const { return closed_; }

  /// Opens it as a start does. Returns how many of the transactions are known, and which is the newest of these.
  void judge(const vfs::Image& image, bool may_lose_the_newest) {
    const auto bytes_of = [&](const std::string& name) {
      const auto found = image.find(name);
      return found == image.end() ? std::string() : found->second;
    };
    std::istringstream database(bytes_of(path));
    std::istringstream wal(bytes_of(wal_path));
    std::istringstream journal;
    disk_.start(image, 4);
    if (!store::sqlite::inspect(path, database, wal, journal)) return;
    auto log = open();
    if (!log) return;
    auto reader = (*log)->open_reader();
    if (!reader) return;
    bool is_lost = false;
    for (int i = transactions - 1; i >= 0; --i) {
      const auto loaded = (*reader)->load(protocol::Gid::parse("gid." + std::to_string(i)).value());
      if (!loaded || loaded->corrupt) {
        is_lost = true;  // and says so
      } else if (!loaded->transaction) {
        check(may_lose_the_newest && (i == transactions - 1 || is_lost), "a transaction is missing and nobody says so");
        is_lost = true;
      } else {
        check(testing::text_of(*loaded->transaction) == texts_[static_cast<std::size_t>(i)], "a transaction is another one");
      }
    }
  }

 private:
  Result<std::unique_ptr<store::Log>> open() {
    return store::sqlite::open_log({.path = path, .busy_ms = 20, .vfs = disk_.name(), .has_real_files = false});
  }

  vfs::Disk disk_;
  std::vector<std::string> texts_;
  vfs::Image killed_;
  vfs::Image closed_;
};

}  // namespace

/// Whether the process had been killed or had ended; then bytes of the files that are something else, and where they end. It does not
/// start, or says which rows it can't read, or has them all. Of a write-ahead log that is cut off or broken near its end only the newest
/// commits may be gone, which no reader of that file can tell from a failure of power.
void db_file(std::string_view input) {
  static Bench bench;
  Input in(input);
  const bool is_killed = in.below(2) == 0;
  vfs::Image image = is_killed ? bench.killed() : bench.closed();
  bool touches_wal = false;
  for (int i = 0; i < 6 && !in.is_empty(); ++i) {
    const bool is_wal = is_killed && in.below(2) == 1;
    std::string& bytes = image[is_wal ? wal_path : path];
    if (bytes.empty()) continue;
    touches_wal = touches_wal || is_wal;
    const std::size_t page = in.below(256);
    std::size_t at = (page * 4096 + in.below(4096)) % bytes.size();
    const std::uint8_t value = in.byte();
    switch (in.below(4)) {
      case 0: bytes[at] = static_cast<char>(value); break;
      case 1: bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << value % 8)); break;
      case 2:
        for (const std::size_t end = std::min(bytes.size(), at + value); at < end; ++at) bytes[at] = '\0';
        break;
      default:
        if (is_wal) bytes.resize(at);
        break;
    }
  }
  bench.judge(image, touches_wal);
}

}  // namespace escrow::fuzz
