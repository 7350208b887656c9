#pragma once

/// Planted bugs: mistakes that a coordinator, a log or a barrier could make, kept in the code as one readable line each, so that the
/// tests can prove that they would notice (docs/testing.md). `ESCROW_PLANTED(name)` is the constant `false` unless the tests compile the
/// code a second time with ESCROW_PLANTED_BUGS; no library and no program that is installed holds one, and a test proves that.
#ifdef ESCROW_PLANTED_BUGS

#  include <string>
#  include <string_view>

namespace escrow::planted {

/// The mark that finds a planted bug in a binary.
inline constexpr std::string_view mark = "planted:";
/// The bug that is on, with its mark; empty: none. Changed only between two runs.
inline std::string chosen;

inline void choose(std::string_view name) { chosen = name.empty() ? std::string() : std::string(mark).append(name); }

}  // namespace escrow::planted

#  define ESCROW_PLANTED(name) (::escrow::planted::chosen == "planted:" #name)

#else

#  define ESCROW_PLANTED(name) false

#endif
