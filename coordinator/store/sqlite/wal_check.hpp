#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

/// Looks into a write-ahead log before SQLite does.
namespace escrow::store::sqlite {

struct WalContent {
  /// Whether commits that were fsynced lie behind a frame that does not hold. SQLite takes the first such frame for the end of the log, so
  /// opening it would forget acknowledged commits without a word. Each commit is on disk before the next one is written; a power failure
  /// can therefore leave at most one commit behind a torn frame, and two or more that follow one another mean damage. Only the last commit
  /// before a crash cannot be told from one that was never finished.
  bool is_damaged_inside = false;
  /// Whether that is because its header does not hold.
  bool has_lost_header = false;
  /// Up to the last commit before a frame that does not hold: what SQLite finds when it reads the same.
  std::int64_t committed_frames = 0;
  /// How the database begins once the log has been carried over; empty: the log does not change its first page. While it is carried over,
  /// a power failure can tear that page in the database itself.
  std::string first_bytes;
};

/// The database's header.
inline constexpr std::size_t database_header_size = 100;

/// Reads to the end. What is no write-ahead log has no content.
[[nodiscard]] WalContent look_into_wal(std::istream& wal);

/// Whether each page of the last commit in the log stands in the database as it stands there, whatever the log's header says: then nothing
/// is lost without the log. It is so before SQLite begins the next one in its place.
[[nodiscard]] bool is_carried_over(std::istream& wal, std::istream& database);

}  // namespace escrow::store::sqlite
