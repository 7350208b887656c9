#include "protocol/uuid_v7.hpp"

#include <algorithm>
#include <string_view>

#include "protocol/assert.hpp"

namespace escrow::protocol {

std::string uuid_v7(std::int64_t now_ms, const std::array<std::uint8_t, 10>& random) {
  std::array<std::uint8_t, 16> bytes{};
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms, 0));
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(time >> (40 - 8 * i));
  std::ranges::copy(random, bytes.begin() + 6);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);  // version
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);  // variant

  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[bytes[i] >> 4U]);
    out.push_back(digits[bytes[i] & 0x0FU]);
  }
  return out;
}

Gid generate_gid(std::int64_t now_ms, const std::array<std::uint8_t, 10>& random) {
  auto gid = Gid::parse(uuid_v7(now_ms, random));
  ESCROW_ASSERT(gid.has_value());
  return *std::move(gid);
}

}  // namespace escrow::protocol
