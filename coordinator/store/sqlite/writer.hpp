#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "coordinator/store/log.hpp"
#include "coordinator/store/sqlite/connection.hpp"

/// The statements that change the log; the transaction around them, and what an error means, are the log's (`log.cpp`).
namespace escrow::store::sqlite {

/// The last numbers given. They are kept in memory and found again at the next start from the rows, and from `meta` where the rows that had
/// them have been removed: a sequence number is never given twice.
struct Sequences {
  std::int64_t last_id = 0;
  std::int64_t last_seq = 0;
};

/// What a batch changes about the numbers of transactions.
struct CountChanges {
  std::int64_t active = 0;
  std::int64_t committing = 0;
  std::int64_t aborting = 0;
  std::int64_t attention = 0;
};

/// Whether an error concerns one write alone: it is too big, or breaks a constraint of a table.
[[nodiscard]] bool is_of_one_write(int code);

class Writer {
 public:
  Writer(Connection& connection, std::int64_t run, Sequences sequences);

  /// SQLITE_OK with an answer, or the code of an error. Without `alone` there is no savepoint: an error of this write then spoils the
  /// transaction around it, too.
  int apply(const Write& write, bool alone, WriteResult& result, CountChanges& changes);

  /// The code (SQLITE_DONE) and how many.
  std::pair<int, std::size_t> remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms, std::size_t limit);
  std::pair<int, std::size_t> remove_tombstones(std::int64_t until_ms, std::size_t limit);
  int probe();

  [[nodiscard]] const Sequences& sequences() const { return sequences_; }
  void set_sequences(const Sequences& sequences) { sequences_ = sequences; }
  /// From the file: SQLITE_OK or the error.
  int read_sequences(Sequences& sequences);

 private:
  struct Existing;
  int find(const Write& write, Existing& existing);
  int write_row(const Write& write, const Existing& existing, std::int64_t& id);
  int write_once(const Write& write, std::int64_t id);
  int write_history(const Write& write, std::int64_t id);
  int remove(std::int64_t id, const std::string& gid, std::int64_t tombstone_until_ms);

  std::int64_t run_;
  Sequences sequences_;
  Statement savepoint_, release_, rollback_to_;
  Statement find_, find_tombstone_, insert_, update_, update_within_status_;
  Statement insert_request_, insert_branch_, insert_output_, insert_attribute_, insert_history_;
  Statement finished_, last_event_of_, remove_history_, remove_attributes_, remove_outputs_, remove_branches_, remove_request_,
      remove_transaction_;
  Statement insert_tombstone_, remove_tombstones_, removed_, probe_, read_sequences_;
};

}  // namespace escrow::store::sqlite
