#pragma once

#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/core/time.hpp"
#include "protocol/json_writer.hpp"

namespace escrow::store {

/// Appends the members of one object; a member that has its default value is left out, so that the usual row is short.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }

  void text(std::string_view name, std::string_view value) {
    key(name);
    protocol::append_json_string(out_, value);
  }
  void optional_text(std::string_view name, const std::optional<std::string>& value) {
    if (value) text(name, *value);
  }
  void number(std::string_view name, std::int64_t value) {
    key(name);
    append(value);
  }
  void number_unless_0(std::string_view name, std::int64_t value) {
    if (value != 0) number(name, value);
  }
  void real(std::string_view name, double value) {
    key(name);
    append(value);
  }
  void time(std::string_view name, const std::optional<core::Time>& value) {
    if (value) number(name, core::to_ms(*value));
  }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    key(name);
    out_.append("true");
  }
  /// The caller appends the value.
  std::string& key(std::string_view name) {
    out_.append(first_ ? "\"" : ",\"", first_ ? 1 : 2);
    first_ = false;
    out_.append(name).append("\":", 2);
    return out_;
  }
  void end() { out_.push_back('}'); }

 private:
  template <class Number>
  void append(Number value) {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out_.append(std::begin(digits), end);
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace escrow::store
