#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "coordinator/store/log.hpp"

/// What a log must hold, kept from the writes that it acknowledged and never from what it says.
namespace escrow::vfs {

class Ledger {
 public:
  /// A write that was accepted.
  void write(const store::Write& write);
  void remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms);
  void remove_tombstones(std::int64_t until_ms);

  /// 0: there is no such transaction.
  [[nodiscard]] std::int64_t revision_of(const std::string& gid) const;
  [[nodiscard]] bool is_retired(const std::string& gid) const { return tombstones_.contains(gid); }
  /// A sum over every row of every table, in no order; equal to that of a file that holds exactly this.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] store::Counts counts() const;
  [[nodiscard]] std::set<std::string> gids() const;
  /// For people.
  [[nodiscard]] std::string summary() const;

 private:
  struct Entry {
    std::int64_t revision = 0;
    protocol::Status status = protocol::Status::active;
    bool attention = false;
    std::int64_t finished_at_ms = 0;
    std::uint64_t row = 0;
    std::uint64_t others = 0;
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::int64_t> tombstones_;
  std::uint64_t digest_ = 0;
};

/// What is in a file, read with SQL of our own.
struct Content {
  std::uint64_t digest = 0;
  std::map<std::string, std::int64_t> revisions;
  /// Of the numbers of the history; 0: there is none.
  std::int64_t last_seq = 0;
  std::string store_id;
  /// Whether every row belongs to a transaction.
  bool is_whole = true;
};
/// Throws std::runtime_error where the file can't be read.
[[nodiscard]] Content read_content(const std::string& path, const char* vfs);

}  // namespace escrow::vfs
