#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The two names of the protocol: of a transaction, and of a branch in it.
namespace escrow::protocol {

/// Whether `text` is 1 to `limit` characters of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`.
[[nodiscard]] bool is_name(std::string_view text, std::size_t limit);

/// A checked name; `Limit` is its longest length in characters. Two kinds of names never mix.
template <class Tag, std::size_t Limit>
class Name {
 public:
  static constexpr std::size_t limit = Limit;

  /// Nothing when `text` breaks the rules of docs/protocol.md, section 1.
  [[nodiscard]] static std::optional<Name> parse(std::string_view text) {
    if (!is_name(text, Limit)) return std::nullopt;
    return Name(std::string(text));
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  auto operator<=>(const Name&) const = default;

  /// The name of nothing yet; never leaves the place that fills it.
  Name() = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using Gid = Name<struct GidTag, 128>;
using BranchId = Name<struct BranchIdTag, 64>;

}  // namespace escrow::protocol

template <class Tag, std::size_t Limit>
struct std::hash<escrow::protocol::Name<Tag, Limit>> {
  std::size_t operator()(const escrow::protocol::Name<Tag, Limit>& name) const noexcept { return std::hash<std::string>{}(name.text()); }
};
