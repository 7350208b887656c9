#pragma once

/// A broken invariant ends the process, in release builds too: a stopped coordinator is safe, a wrong one is not.
#define ESCROW_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::escrow::assertion_failed(#condition, __FILE__, __LINE__))

namespace escrow {

/// Writes the condition and its place to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace escrow
