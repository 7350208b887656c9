#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// As much of HTTP/1.1 as it takes to know where a message ends. Bytes are never written anew, so what is malformed passes as it came;
/// where the end cannot be known, everything that follows is passed on unread.
namespace escrow::proxy {

/// The head of a message, taken apart. Of a request: method and target; of an answer: status.
struct Head {
  /// As it came, with the empty line.
  std::string bytes;
  std::string method;
  std::string target;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;

  /// The first field of that name, without regard to case; empty: there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
};

/// Nothing: these bytes, which end with an empty line, are no head of that kind.
[[nodiscard]] std::optional<Head> request_head(std::string bytes);
[[nodiscard]] std::optional<Head> answer_head(std::string bytes);

/// Finds the end of a body while its bytes go by.
class Body {
 public:
  /// Of a request with this head, or of the answer to `method`.
  [[nodiscard]] static Body of_request(const Head& head);
  [[nodiscard]] static Body of_answer(const Head& head, std::string_view method);

  /// How many of these bytes belong to the body; after `is_complete` none.
  std::size_t take(std::string_view bytes);
  [[nodiscard]] bool is_complete() const { return state_ == State::complete; }
  /// Only the end of the connection ends it.
  [[nodiscard]] bool is_open_ended() const { return state_ == State::open_ended; }

 private:
  enum class State : std::uint8_t { length, chunk_size, chunk_extension, chunk_data, chunk_end, trailer, open_ended, complete };

  static Body framed(const Head& head, bool is_request);
  void chunk_byte(char byte);

  State state_ = State::complete;
  std::uint64_t left_ = 0;
  bool has_digit_ = false;
  std::size_t line_ = 0;
};

}  // namespace escrow::proxy
