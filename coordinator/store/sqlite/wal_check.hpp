#pragma once

#include <istream>

/// Tells a write-ahead log that a power failure has cut off from one that is damaged in the middle.
namespace escrow::store::sqlite {

/// Whether commits that were fsynced lie behind a frame that does not hold. SQLite takes the first such frame for the end of the log, so
/// opening it would forget acknowledged commits without a word. Each commit is on disk before the next one is written; a power failure can
/// therefore leave at most one commit behind a torn frame, and two or more mean damage. Only the last commit before a crash cannot be
/// told from one that was never finished. Reads to the end.
[[nodiscard]] bool is_damaged_inside(std::istream& wal);

}  // namespace escrow::store::sqlite
