#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/names.hpp"

namespace escrow::server {

/// Names the transactions that brought no gid of their own: UUIDv7 with random bytes of the kernel (getrandom(2)), fetched a page at a
/// time. A fetch for each gid cost a third of a start's processor time. Not thread-safe: one for each thread.
class GidSource {
 public:
  /// Throws std::system_error when the kernel has no random bytes to give.
  [[nodiscard]] protocol::Gid next(std::int64_t now_ms);

 private:
  std::array<std::uint8_t, 4000> bytes_{};
  std::size_t used_ = bytes_.size();
};

}  // namespace escrow::server
