#include "protocol/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "protocol/assert.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/utf8.hpp"

namespace escrow::protocol {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char32_t four_hex(std::string_view text) {
  char32_t value = 0;
  for (const char c : text.substr(0, 4)) value = value * 16 + static_cast<char32_t>(hex_digit(c));
  return value;
}

/// Decodes the inside of a string that has been validated.
std::string decode(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '\\') {
      out.push_back(inside[i]);
      continue;
    }
    switch (const char c = inside[++i]) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        char32_t character = four_hex(inside.substr(i + 1));
        i += 4;
        if (character >= 0xD800 && character <= 0xDBFF) {
          character = 0x10000 + ((character - 0xD800) << 10U) + (four_hex(inside.substr(i + 3)) - 0xDC00);
          i += 6;
        }
        append_utf8(out, character);
        break;
      }
      default: out.push_back(c); break;
    }
  }
  return out;
}

}  // namespace

/// One pass over the text. Recursion is bounded by `json_depth_limit`.
class JsonIndexer {
 public:
  /// `keep` says whether the index is wanted or only the verdict.
  JsonIndexer(std::string_view text, bool keep, std::size_t depth_limit = json_depth_limit)
      : text_(text), keep_(keep), depth_limit_(depth_limit) {}

  bool run() {
    if (text_.size() >= std::numeric_limits<std::uint32_t>::max()) return fail("the text is too long");
    if (text_.starts_with("\xEF\xBB\xBF")) return fail("a byte order mark is not allowed");
    if (keep_) nodes_.reserve(text_.size() / 12 + 4);  // what a typical request needs; growing would copy
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return at_ == text_.size() || fail("unexpected text behind the value");
  }

  JsonFault fault() && { return {at_, std::move(detail_)}; }
  JsonDocument document() && {
    JsonDocument document;
    document.text_ = text_;
    document.nodes_ = std::move(nodes_);
    return document;
  }

 private:
  struct Key {
    std::string_view inside;
    bool has_escapes;
  };

  bool fail(std::string_view detail) {
    detail_ = detail;
    return false;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::size_t open(JsonType type) {
    const std::size_t index = nodes_.size();
    if (keep_) nodes_.push_back({static_cast<std::uint32_t>(at_), 0, 0, type, false});
    return index;
  }
  void close(std::size_t index, bool has_escapes = false) {
    if (!keep_) return;
    nodes_[index].end = static_cast<std::uint32_t>(at_);
    nodes_[index].end_of_subtree = static_cast<std::uint32_t>(nodes_.size());
    nodes_[index].has_escapes = has_escapes;
  }

  bool value(std::size_t depth) {
    if (at_ == text_.size()) return fail("unexpected end of the text");
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string(nullptr);
      case 't': return literal("true", JsonType::boolean);
      case 'f': return literal("false", JsonType::boolean);
      case 'n': return literal("null", JsonType::null);
      default: return number();
    }
  }

  bool literal(std::string_view word, JsonType type) {
    if (!text_.substr(at_).starts_with(word)) return fail("unexpected character");
    const std::size_t node = open(type);
    at_ += word.size();
    close(node);
    return true;
  }

  bool number() {
    const std::size_t node = open(JsonType::number);
    const bool negative = peek() == '-';
    if (negative) ++at_;
    if (!is_digit(peek())) return fail(negative ? "a digit must follow the sign" : "unexpected character");
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail("a number must not begin with a zero");
    } else {
      digits();
    }
    if (peek() == '.') {
      ++at_;
      if (!is_digit(peek())) return fail("a digit must follow the decimal point");
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!is_digit(peek())) return fail("a digit must follow the exponent");
      digits();
    }
    close(node);
    return true;
  }
  void digits() {
    while (is_digit(peek())) ++at_;
  }

  bool string(Key* key) {
    const std::size_t node = open(JsonType::string);
    const std::size_t begin = ++at_;
    bool has_escapes = false;
    for (;;) {
      at_ += plain_length(text_.substr(at_));
      if (at_ == text_.size()) return fail("a string does not end");
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') break;
      if (byte < 0x20) return fail("a control character in a string must be escaped");
      if (byte == '\\') {
        has_escapes = true;
        if (!escape()) return false;
      } else if (byte < 0x80) {
        ++at_;
      } else {
        const std::size_t length = utf8_length(text_.substr(at_, 4));
        if (length == 0) return fail("invalid UTF-8");
        at_ += length;
      }
    }
    if (key != nullptr) *key = {text_.substr(begin, at_ - begin), has_escapes};
    ++at_;
    close(node, has_escapes);
    return true;
  }

  bool escape() {
    ++at_;
    if (at_ == text_.size()) return fail("a string does not end");
    if (peek() != 'u') {
      if (std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos) return fail("unknown escape");
      ++at_;
      return true;
    }
    ++at_;
    char32_t unit = 0;
    if (!code_unit(unit)) return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail("a lone low surrogate");
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    if (!text_.substr(at_).starts_with("\\u")) return fail("a lone high surrogate");
    at_ += 2;
    if (!code_unit(unit)) return false;
    return (unit >= 0xDC00 && unit <= 0xDFFF) || fail("a lone high surrogate");
  }
  bool code_unit(char32_t& unit) {
    const std::string_view hex = text_.substr(at_, 4);
    if (hex.size() < 4 || !std::ranges::all_of(hex, [](char c) { return hex_digit(c) >= 0; }))
      return fail("four hexadecimal digits must follow \\u");
    unit = four_hex(hex);
    at_ += 4;
    return true;
  }

  bool array(std::size_t depth) {
    if (depth == depth_limit_) return fail("nesting is deeper than " + std::to_string(depth_limit_));
    const std::size_t node = open(JsonType::array);
    ++at_;
    skip_space();
    if (peek() != ']') {
      for (;;) {
        if (!value(depth + 1)) return false;
        skip_space();
        if (peek() != ',') break;
        ++at_;
        skip_space();
      }
      if (peek() != ']') return fail(at_ == text_.size() ? "an array does not end" : "a comma or ] is missing");
    }
    ++at_;
    close(node);
    return true;
  }

  bool object(std::size_t depth) {
    if (depth == depth_limit_) return fail("nesting is deeper than " + std::to_string(depth_limit_));
    const std::size_t node = open(JsonType::object);
    const std::size_t first_key = keys_.size();
    ++at_;
    skip_space();
    if (peek() != '}') {
      for (;;) {
        if (peek() != '"') return fail(at_ == text_.size() ? "an object does not end" : "a member name is missing");
        Key key{};
        if (!string(&key)) return false;
        keys_.push_back(key);
        skip_space();
        if (peek() != ':') return fail("a colon is missing");
        ++at_;
        skip_space();
        if (!value(depth + 1)) return false;
        skip_space();
        if (peek() != ',') break;
        ++at_;
        skip_space();
      }
      if (peek() != '}') return fail(at_ == text_.size() ? "an object does not end" : "a comma or } is missing");
    }
    ++at_;
    close(node);
    return unique_names(first_key);
  }

  /// Two equal names in one object are refused, however they are spelled: readers differ in which one they keep.
  bool unique_names(std::size_t first) {
    const std::size_t count = keys_.size() - first;
    if (count < 2) {
      keys_.resize(first);
      return true;
    }
    std::vector<std::string> decoded;  // only names with escapes; reserved, so that views into it stay valid
    decoded.reserve(static_cast<std::size_t>(
        std::count_if(keys_.begin() + static_cast<std::ptrdiff_t>(first), keys_.end(), [](const Key& key) { return key.has_escapes; })));
    std::vector<std::pair<std::string_view, std::size_t>> names;
    names.reserve(count);
    for (std::size_t i = first; i < keys_.size(); ++i) {
      const Key& key = keys_[i];
      const std::string_view name = key.has_escapes ? std::string_view(decoded.emplace_back(decode(key.inside))) : key.inside;
      names.emplace_back(name, static_cast<std::size_t>(key.inside.data() - text_.data()));
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names, [](const auto& left, const auto& right) { return left.first == right.first; });
    keys_.resize(first);
    if (twice == names.end()) return true;
    at_ = std::next(twice)->second;
    return fail("a member name stands twice in one object");
  }

  std::string_view text_;
  bool keep_;
  std::size_t depth_limit_;
  std::size_t at_ = 0;
  std::vector<JsonDocument::Node> nodes_;
  /// Names of the objects that are open, innermost last.
  std::vector<Key> keys_;
  std::string detail_;
};

Result<JsonDocument, JsonFault> JsonDocument::read(std::string_view text) {
  JsonIndexer indexer(text, true);
  if (!indexer.run()) return std::move(indexer).fault();
  return std::move(indexer).document();
}

bool is_valid_json(std::string_view text, std::size_t depth_limit) { return JsonIndexer(text, false, depth_limit).run(); }

JsonType JsonValue::type() const noexcept { return document_->nodes_[index_].type; }

std::string_view JsonValue::text() const noexcept {
  const auto& node = document_->nodes_[index_];
  return document_->text_.substr(node.begin, node.end - node.begin);
}

std::string JsonValue::string() const {
  ESCROW_ASSERT(is(JsonType::string));
  const std::string_view inside = text().substr(1, text().size() - 2);
  return document_->nodes_[index_].has_escapes ? decode(inside) : std::string(inside);
}

std::optional<std::int64_t> JsonValue::integer() const noexcept {
  if (!is(JsonType::number)) return std::nullopt;
  std::int64_t value = 0;
  const std::string_view digits = text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> JsonValue::real() const noexcept {
  if (!is(JsonType::number)) return std::nullopt;
  double value = 0;
  const std::string_view digits = text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::vector<JsonValue> JsonValue::elements() const {
  std::vector<JsonValue> out;
  if (!is(JsonType::array)) return out;
  const auto& nodes = document_->nodes_;
  for (std::uint32_t child = index_ + 1; child < nodes[index_].end_of_subtree; child = nodes[child].end_of_subtree)
    out.push_back({document_, child});
  return out;
}

std::vector<JsonMember> JsonValue::members() const {
  std::vector<JsonMember> out;
  if (!is(JsonType::object)) return out;
  const auto& nodes = document_->nodes_;
  for (std::uint32_t name = index_ + 1; name < nodes[index_].end_of_subtree; name = nodes[name + 1].end_of_subtree) {
    out.push_back({JsonValue(document_, name).string(), JsonValue(document_, name + 1)});
  }
  return out;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  if (!is(JsonType::object)) return std::nullopt;
  const auto& nodes = document_->nodes_;
  for (std::uint32_t at = index_ + 1; at < nodes[index_].end_of_subtree; at = nodes[at + 1].end_of_subtree) {
    const auto& found = nodes[at];
    // With its quotes.
    const std::size_t length = found.end - found.begin;
    const bool is_it = found.has_escapes ? JsonValue(document_, at).string() == name
                                         : length == name.size() + 2 && document_->text_.compare(found.begin + 1, name.size(), name) == 0;
    if (is_it) return JsonValue(document_, at + 1);
  }
  return std::nullopt;
}

std::size_t JsonValue::size() const noexcept {
  if (!is(JsonType::object) && !is(JsonType::array)) return 0;
  const auto& nodes = document_->nodes_;
  const std::uint32_t step = is(JsonType::object) ? 1 : 0;
  std::size_t count = 0;
  for (std::uint32_t at = index_ + 1; at < nodes[index_].end_of_subtree; at = nodes[at + step].end_of_subtree) ++count;
  return count;
}

namespace {

void append_canonical(std::string& out, JsonValue value) {
  bool first = true;
  switch (value.type()) {
    case JsonType::null:
    case JsonType::boolean:
    case JsonType::number: out.append(value.text()); return;
    case JsonType::string: append_json_string(out, value.string()); return;
    case JsonType::array:
      out.push_back('[');
      for (const JsonValue element : value.elements()) {
        if (!std::exchange(first, false)) out.push_back(',');
        append_canonical(out, element);
      }
      out.push_back(']');
      return;
    case JsonType::object: {
      auto members = value.members();
      std::ranges::sort(members, {}, &JsonMember::name);
      out.push_back('{');
      for (const auto& member : members) {
        if (!std::exchange(first, false)) out.push_back(',');
        append_json_string(out, member.name);
        out.push_back(':');
        append_canonical(out, member.value);
      }
      out.push_back('}');
      return;
    }
  }
}

}  // namespace

std::optional<std::string> canonical_json(std::string_view text) {
  const auto document = JsonDocument::read(text);
  if (!document) return std::nullopt;
  std::string out;
  out.reserve(text.size());
  append_canonical(out, document->root());
  return out;
}

}  // namespace escrow::protocol
