#pragma once

/// Failpoints: named places in the coordinator where a test may end it, stop it, hold it up, or let an operation fail
/// (tests/fault-injection/process/README.md). Without the build option FAULT_POINTS, as in everything that is shipped, nothing of them is
/// compiled, not even what stands in the arguments, and a test searches the release for what would be left.
///
///   ESCROW_FAULT_POINT(point, context)   a place; may end or stop the process, wait, or throw
///   ESCROW_FAULT_ERROR(point, context)   the same, and the number of the error that the operation is to fail with; 0: none
///
///   ESCROW_FAULT_CONTEXT(name, context)  keeps a context that is gone when its place is reached
///
/// `point` is a literal; `context` says whose turn it is, `gid/branch/operation` for instance, and is made only when a rule is set.
#ifdef FAULT_POINTS

#  include <atomic>
#  include <string>
#  include <string_view>

namespace escrow::faults {

/// Stands before each point's name in the binary, so that a search finds it.
inline constexpr std::string_view mark = "faultpoint:";

/// Whether any rule or trace is set: the only thing that a place costs when none is.
extern const std::atomic<bool>& armed;

/// Performs what the rules say of this place. Any thread. Throws only for the actions `throw` and `nomem`.
void reached(std::string_view marked_point, std::string_view context);
/// The same; answers the number of an `error` rule.
[[nodiscard]] int failure_at(std::string_view marked_point, std::string_view context);

}  // namespace escrow::faults

#  define ESCROW_FAULT_POINT(point, context)                                                                                  \
    do {                                                                                                                      \
      if (::escrow::faults::armed.load(std::memory_order_relaxed)) ::escrow::faults::reached("faultpoint:" point, (context)); \
    } while (false)
#  define ESCROW_FAULT_ERROR(point, context) \
    (::escrow::faults::armed.load(std::memory_order_relaxed) ? ::escrow::faults::failure_at("faultpoint:" point, (context)) : 0)

#  define ESCROW_FAULT_CONTEXT(name, context) \
    const std::string name = ::escrow::faults::armed.load(std::memory_order_relaxed) ? std::string(context) : std::string()

#else

#  define ESCROW_FAULT_POINT(point, context) static_cast<void>(0)
#  define ESCROW_FAULT_ERROR(point, context) 0
#  define ESCROW_FAULT_CONTEXT(name, context) static_cast<void>(0)

#endif
