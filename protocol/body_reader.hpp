#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/fault.hpp"
#include "protocol/json_reader.hpp"

/// Reading the members of a request's objects and collecting every fault on the way: each `read_` call takes one member, says what is wrong
/// with it, and gives nothing when it is absent or wrong, so that reading goes on.
namespace escrow::protocol {

/// The faults of one request. Counts all, keeps the first `fault_limit`.
class FaultList {
 public:
  void add(std::string pointer, std::string detail);
  void add(std::vector<Fault> faults);
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// One sentence for the `detail` of a problem.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] std::vector<Fault> take() && { return std::move(kept_); }

 private:
  std::vector<Fault> kept_;
  std::size_t count_ = 0;
};

/// An inclusive range of integers.
struct Range {
  std::int64_t least;
  std::int64_t most;
};

/// The members of one object. What has not been taken when it ends is an unknown member: call `refuse_rest`.
class BodyReader {
 public:
  /// `value` that is no object is a fault, and reads as one without members.
  BodyReader(JsonValue value, std::string pointer, FaultList& faults);

  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }
  [[nodiscard]] std::string pointer_to(std::string_view name) const;
  [[nodiscard]] FaultList& faults() noexcept { return faults_; }

  [[nodiscard]] bool has(std::string_view name) const;
  /// The value of a member, whatever its type.
  std::optional<JsonValue> take(std::string_view name);

  std::optional<bool> read_bool(std::string_view name);
  std::optional<std::int64_t> read_integer(std::string_view name, Range range);
  std::optional<double> read_real(std::string_view name, double least, std::optional<double> most);
  std::optional<std::string> read_string(std::string_view name);
  /// A string of up to `limit` characters.
  std::optional<std::string> read_text(std::string_view name, std::size_t limit);
  /// One of the words of an enum, told by `words` in the fault.
  template <class Word>
  std::optional<Word> read_word(std::string_view name, std::string_view words);

  /// A fault for a required member that is absent.
  void require(std::string_view name);
  /// A fault, with the reason, for a member that is there.
  void refuse(std::string_view name, std::string_view reason);
  /// A fault for every member that nobody took.
  void refuse_rest();

  void fault(std::string_view name, std::string detail) { faults_.add(pointer_to(name), std::move(detail)); }

 private:
  struct Member {
    JsonMember member;
    bool taken = false;
  };
  std::vector<Member> members_;
  std::string pointer_;
  FaultList& faults_;
  bool is_object_ = true;
};

/// What is wrong with a string that is to be kept as text of up to `limit` characters; nothing: all is well.
[[nodiscard]] std::optional<std::string> text_fault(std::string_view text, std::size_t limit);

template <class Word>
std::optional<Word> BodyReader::read_word(std::string_view name, std::string_view words) {
  const auto text = read_string(name);
  if (!text) return std::nullopt;
  const auto word = from_string<Word>(*text);
  if (!word) fault(name, "must be one of " + std::string(words));
  return word;
}

}  // namespace escrow::protocol
