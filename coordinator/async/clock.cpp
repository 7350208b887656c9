#include "coordinator/async/clock.hpp"

namespace escrow::async {

Clock::time_point Clock::now() noexcept { return std::chrono::steady_clock::now(); }

}  // namespace escrow::async
