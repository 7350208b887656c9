#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"

/// Strict reading of JSON (RFC 8259) that keeps every value as the exact bytes it was written with: payloads go out as they came in, and
/// numbers are compared by their text. Refuses what two readers could understand differently: duplicate member names, invalid UTF-8, lone
/// surrogates, a byte order mark, anything behind the value. For building objects from JSON see `start_request_json.hpp`; this knows no
/// domain.
namespace escrow::protocol {

/// Arrays and objects in each other; one more is refused.
inline constexpr std::size_t json_depth_limit = 64;
/// What a participant's output may nest: it stands inside an answer that must itself be readable.
inline constexpr std::size_t output_depth_limit = json_depth_limit - 8;

struct JsonFault {
  /// Bytes from the start of the text to the place where reading stopped.
  std::size_t offset = 0;
  std::string detail;
};

enum class JsonType : std::uint8_t { null, boolean, number, string, array, object };

class JsonDocument;
struct JsonMember;

/// A value inside a JsonDocument; cheap to copy, valid until the document is moved or destroyed, or the text it was read from changes.
class JsonValue {
 public:
  [[nodiscard]] JsonType type() const noexcept;
  /// The value exactly as it stands in the text, without surrounding white space.
  [[nodiscard]] std::string_view text() const noexcept;

  [[nodiscard]] bool is(JsonType expected) const noexcept { return type() == expected; }
  [[nodiscard]] bool is_true() const noexcept { return text() == "true"; }
  /// The decoded characters of a string, as UTF-8. Asserts that it is one.
  [[nodiscard]] std::string string() const;
  /// A number written as a plain integer that fits; nothing for `1.0`, `1e3` and everything that is no number.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
  /// Any number that a double can hold; nothing for `1e400`.
  [[nodiscard]] std::optional<double> real() const noexcept;

  /// How many elements an array or members an object has; 0 for everything else.
  [[nodiscard]] std::size_t size() const noexcept;
  /// The elements of an array; empty for everything else.
  [[nodiscard]] std::vector<JsonValue> elements() const;
  /// The members of an object in the order of the text; empty for everything else.
  [[nodiscard]] std::vector<JsonMember> members() const;
  [[nodiscard]] std::optional<JsonValue> find(std::string_view name) const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::uint32_t index) : document_(document), index_(index) {}
  const JsonDocument* document_;
  std::uint32_t index_;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// A whole text that has been read. Owns an index into the text, not the text: that must outlive it.
class JsonDocument {
 public:
  /// Reads and validates everything; texts of 4 GiB or more are refused.
  [[nodiscard]] static Result<JsonDocument, JsonFault> read(std::string_view text);

  [[nodiscard]] JsonValue root() const noexcept { return {this, 0}; }

 private:
  friend class JsonValue;
  friend class JsonIndexer;
  /// One value or member name; children follow their parent, `end_of_subtree` is the index behind the last of them.
  struct Node {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t end_of_subtree;
    JsonType type;
    bool has_escapes;
  };
  std::string_view text_;
  std::vector<Node> nodes_;
};

/// Whether the whole text is one JSON value by the rules above and not nested deeper than `depth_limit`; no memory is kept.
[[nodiscard]] bool is_valid_json(std::string_view text, std::size_t depth_limit = json_depth_limit);

/// One spelling for all texts that are the same JSON value with numbers by their text: members sorted, no white space, strings with the
/// fewest escapes. Nothing when the text is not valid.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view text);

}  // namespace escrow::protocol
