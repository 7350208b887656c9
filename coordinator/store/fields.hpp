#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/json_reader.hpp"

/// Strict reading of the log's own JSON objects.
namespace escrow::store {

/// The first thing that cannot be; everything read after it is meaningless.
class Fault {
 public:
  void raise(std::string_view what);
  [[nodiscard]] bool is_raised() const { return !what_.empty(); }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  std::string what_;
};

/// Reads the members of one object; each may be read once, and one that nobody reads is a fault (`end`): it was written by a version that
/// knows more, and to act without it could be wrong. Never throws.
class Fields {
 public:
  /// `place`, and the document of `value`, must outlive this. Nothing: what should have been an object is no JSON.
  Fields(std::optional<protocol::JsonValue> value, std::string_view place, Fault& fault);

  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::int64_t number_or(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  [[nodiscard]] double real(std::string_view name, double least, double most);
  [[nodiscard]] std::optional<std::int64_t> optional_number(std::string_view name, std::int64_t least, std::int64_t most);
  /// Milliseconds since the epoch, up to the year 9999.
  [[nodiscard]] std::optional<std::int64_t> time_ms(std::string_view name);
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name);
  [[nodiscard]] bool flag(std::string_view name);
  /// Nothing where there is none.
  [[nodiscard]] std::optional<protocol::JsonValue> object(std::string_view name);
  [[nodiscard]] std::optional<protocol::JsonValue> array(std::string_view name);

  void raise(std::string_view name, std::string_view what);
  /// Every member has been read, or it is a fault.
  void end();

 private:
  std::optional<protocol::JsonValue> find(std::string_view name);
  [[nodiscard]] std::optional<protocol::JsonValue> find(std::string_view name, protocol::JsonType type, std::string_view otherwise);

  std::optional<protocol::JsonValue> value_;
  std::string_view place_;
  Fault& fault_;
  std::size_t read_ = 0;
};

/// The latest time that is taken for one: the end of the year 9999, in milliseconds.
inline constexpr std::int64_t latest_time_ms = 253'402'300'799'999;

}  // namespace escrow::store
