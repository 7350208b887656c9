#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/result.hpp"

/// Files that decide who gets in, or that hold secrets: read with a look at who else may touch them.
namespace escrow::server {

enum class Guard : std::uint8_t {
  /// Others may read it (hashes, certificates), but nobody but its owner may write it.
  nobody_writes,
  /// Nobody but its owner may read or write it (keys, secrets). Reading by the group is permitted where root owns the file: that is how
  /// secrets are handed to a service that does not run as root.
  nobody_reads
};

/// Its text is wiped when it goes.
struct GuardedText {
  GuardedText() = default;
  GuardedText(GuardedText&& other) noexcept;
  GuardedText& operator=(GuardedText&&) = delete;
  ~GuardedText();

  std::string text;
  /// Others may read it, though it is not forbidden: worth a warning. (Always false with `Guard::nobody_reads`.)
  bool is_readable_by_others = false;
};

/// The largest file that is read.
inline constexpr std::size_t guarded_file_limit = std::size_t{8} << 20U;

/// Blocks. Mode and owner are those of the open file, so that nobody swaps it in between. Errors (no codes to branch on): not there, not a
/// regular file, too large, of another user than root and the one we run as, changed while it was read, or its mode is not what `guard`
/// asks for; the detail names the path and what to do, never the content.
[[nodiscard]] Result<GuardedText, Error> read_guarded_file(const std::string& path, Guard guard);

}  // namespace escrow::server
