#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace escrow::protocol {

/// How many bytes from the beginning stand for themselves in a JSON string and need no second look: ASCII from the space to '~', without
/// quotation mark and backslash. Eight at a time: nearly all text is like this.
[[nodiscard]] inline std::size_t plain_length(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = 0x80 * each;
  const auto zero_bytes = [](std::uint64_t word) { return (word - each) & ~word & high; };
  std::size_t length = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() - length >= 8; length += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + length, 8);
      // A borrow reaches only bytes above the first that is found.
      const std::uint64_t control = (word - 0x20 * each) & ~word & high;
      const std::uint64_t found =
          control | (word & high) | zero_bytes(word ^ ('"' * each)) | zero_bytes(word ^ ('\\' * each)) | zero_bytes(word ^ (0x7F * each));
      if (found != 0) return length + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  for (; length < text.size(); ++length) {
    const auto byte = static_cast<unsigned char>(text[length]);
    if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\') break;
  }
  return length;
}

}  // namespace escrow::protocol
