#include "coordinator/store/checksum.hpp"

#include <bit>
#include <cstring>

namespace escrow::store {
namespace {

/// Little-endian on every machine: a file may move to another one.
std::uint64_t word_of(std::string_view bytes) {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return word;
  }
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) word = (word << 8U) | static_cast<unsigned char>(bytes[i - 1]);
  return word;
}

}  // namespace

void Checksum::mix(std::uint64_t word) {
  sum_ = (sum_ ^ word) * 0xD6E8FEB86659FD93;
  sum_ ^= sum_ >> 32U;
}

Checksum& Checksum::add(std::string_view bytes) {
  mix(bytes.size());
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) mix(word_of({bytes.data(), 8}));
  if (!bytes.empty()) mix(word_of(bytes));
  return *this;
}

Checksum& Checksum::add(std::int64_t number) {
  mix(static_cast<std::uint64_t>(number));
  return *this;
}

Checksum& Checksum::add(std::optional<std::int64_t> number) {
  mix(number ? 1 : 0);
  if (number) mix(static_cast<std::uint64_t>(*number));
  return *this;
}

Checksum& Checksum::add(const std::optional<std::string_view>& bytes) {
  mix(bytes ? 1 : 0);
  if (bytes) add(*bytes);
  return *this;
}

}  // namespace escrow::store
