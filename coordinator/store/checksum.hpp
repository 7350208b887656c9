#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The checksum of a row (docs/log-format.md): finds flipped bits and rows that belong to another transaction. Not a defence against
/// somebody who means harm: whoever can write the file can write the checksum too.
namespace escrow::store {

/// 64 bits over a sequence of fields. Each field enters with its length, so that bytes cannot wander from one to the next; each step
/// is a bijection of the sum so far, so that a change inside any eight bytes is always found.
class Checksum {
 public:
  Checksum& add(std::string_view bytes);
  Checksum& add(std::int64_t number);
  Checksum& add(std::optional<std::int64_t> number);
  Checksum& add(const std::optional<std::string_view>& bytes);

  /// As SQL's integers have it.
  [[nodiscard]] std::int64_t value() const { return static_cast<std::int64_t>(sum_); }

 private:
  void mix(std::uint64_t word);
  std::uint64_t sum_ = 0x9E3779B97F4A7C15;
};

}  // namespace escrow::store
