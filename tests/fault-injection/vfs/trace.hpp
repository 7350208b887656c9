#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What happened to the files of a simulated disk, in order: enough to say what a power failure at any moment may leave.
namespace escrow::vfs {

/// Files by name.
using Image = std::map<std::string, std::string>;

struct Happened {
  enum class What : std::uint8_t {
    create,
    write,
    truncate,
    /// All of a file that happened before is on disk; `number` 1: so are the names of all files.
    sync,
    /// Removed from its directory; `number` 1: durably so.
    remove,
    /// A sync failed: what was not on disk counts as clean, and may never get there.
    forget,
    /// Not of a file: the one who uses the disk has come this far.
    mark
  } what = What::mark;
  /// Index into `Trace::names`.
  std::uint32_t file = 0;
  /// Where a write begins; the size that a truncation leaves; the number of a mark.
  std::int64_t number = 0;
  std::string bytes;
};

struct Trace {
  std::vector<std::string> names;
  std::vector<Happened> happened;
};

}  // namespace escrow::vfs
