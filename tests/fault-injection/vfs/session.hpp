#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/store/log.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/sim/random.hpp"
#include "tests/fault-injection/vfs/disk.hpp"
#include "tests/fault-injection/vfs/ledger.hpp"

/// Somebody who uses the real log on a simulated disk as the engine does: writes batches, reads again what is unknown, starts anew after
/// a failed sync, keeps house; and writes down what a failure of power may leave at each moment.
namespace escrow::vfs {

/// Where the log lies on every simulated disk.
inline const std::string log_path = "/escrow.db";

/// What happened in sessions, so that a test can tell that it was not nothing.
struct SessionCounts {
  std::int64_t acknowledged = 0;
  std::int64_t conflicts = 0;
  std::int64_t unavailable = 0;
  std::int64_t unknown = 0;
  std::int64_t found_applied = 0;
  std::int64_t found_lost = 0;
  /// Not there when it was read again, and there after the end of the process: its frames had not been overwritten yet.
  std::int64_t came_back = 0;
  std::int64_t fatal = 0;
  std::int64_t refused_to_open = 0;
  std::int64_t checkpoints = 0;
  std::int64_t starts = 0;
  std::int64_t reads_failed = 0;
  /// Sessions that were given up: see `Session::may_pile_up`.
  std::int64_t piled_up = 0;
  /// Reports of damage that were let pass: see `Session::may_read_wrongly`.
  std::int64_t read_wrongly = 0;

  void add(const SessionCounts& other);
};

class Session {
 public:
  using Digests = std::set<std::uint64_t>;

  /// The disk holds what `image` is; nothing of it has been acknowledged to this session but what `known` says.
  Session(Disk& disk, std::uint64_t seed, Ledger known = {});
  ~Session();

  /// Starts the process. Whether it could.
  bool open();
  /// One piece of work, and what follows from its answer.
  void turn();
  /// The process ends; in good order, or wherever it stands.
  void end(bool in_good_order);
  /// Everything must work now: what is unknown is settled, a write goes through, and the log holds what it must.
  void must_be_well();
  /// Transactions that are taken over from an earlier session.
  void adopt(std::map<std::string, core::Transaction> live) { live_ = std::move(live); }

  [[nodiscard]] bool is_open() const { return log_ != nullptr; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  [[nodiscard]] const SessionCounts& counts() const { return counts_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const std::map<std::string, core::Transaction>& live() const { return live_; }
  /// What may be on the disk once mark n of the trace has been passed.
  [[nodiscard]] const std::vector<Digests>& allowed() const { return allowed_; }
  /// How often damage may be reported that is not there: only where what is read can be wrong, and only once it has been. Each time counts.
  void may_read_wrongly(std::int64_t most) { may_read_wrongly_ = most; }
  /// A disk that keeps making the writes that it reports as failed can leave several commits behind one another that nobody was told of;
  /// at the next start they look like damage, which is refused. Only then is that refusal taken for right, and only if what was
  /// acknowledged is still in the files. The session ends there, which counts.
  void may_pile_up(bool may) { may_pile_up_ = may; }

 private:
  struct Pending {
    Ledger after;
    std::map<std::string, core::Transaction> live;
  };

  void write_batch();
  void remove_old();
  void read_all();
  void read_each();
  void hold_a_reader();
  void settle();
  void adopt_state(const Content& content);
  void tell(const Pending& done);
  void after_writing();
  void compare_counts();
  void give_up();
  /// Whether a report of damage is let pass, which is counted.
  bool is_excused();
  void fail(std::string what) { failures_.push_back(std::move(what)); }
  void mark();

  Disk& disk_;
  std::uint64_t seed_;
  sim::Dice dice_;
  testing::RandomTransactions random_;
  std::unique_ptr<store::Log> log_;
  std::unique_ptr<store::Reader> reader_;
  /// A program that reads for long.
  sqlite3* stuck_ = nullptr;
  Ledger ledger_;
  std::map<std::string, core::Transaction> live_;
  /// Written with an unknown answer, not settled yet.
  std::optional<Pending> pending_;
  /// Settled as lost, but not overwritten on the disk yet.
  std::vector<Pending> stale_;
  std::vector<Digests> allowed_;
  std::vector<std::string> failures_;
  SessionCounts counts_;
  std::string store_id_;
  std::int64_t run_ = 0;
  std::int64_t last_seq_ = 0;
  int next_gid_ = 0;
  std::int64_t may_read_wrongly_ = 0;
  bool may_pile_up_ = false;
  bool is_given_up_ = false;
};

}  // namespace escrow::vfs
