#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "protocol/names.hpp"

namespace escrow::protocol {

/// A UUID of version 7 (RFC 9562, 5.7) as 36 characters in lower case: time first, so that ids made one after another lie together in an
/// index. Pure: the caller brings time (milliseconds since the epoch) and ten random bytes.
[[nodiscard]] std::string uuid_v7(std::int64_t now_ms, const std::array<std::uint8_t, 10>& random);

/// The same as the gid of a transaction that brought none.
[[nodiscard]] Gid generate_gid(std::int64_t now_ms, const std::array<std::uint8_t, 10>& random);

}  // namespace escrow::protocol
