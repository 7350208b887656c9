#pragma once

#ifdef FAULT_POINTS

#  include <atomic>
#  include <cstdint>

namespace escrow::faults {

/// Allocations until one fails, on whatever thread: 1 is the next one; 0 or below: none. The actions `memory` and `starve` set it.
extern std::atomic<std::int64_t> allocations_left;
/// Whether all behind it fail, too.
extern std::atomic<bool> is_starving;
/// Those of the failpoints themselves count for nothing and do not fail: so a rule can end what another one has begun.
extern thread_local bool is_at_a_point;

}  // namespace escrow::faults

#endif
