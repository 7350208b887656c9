#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What a participant answers to a call of the coordinator (docs/protocol.md, section 4), and how that looks over HTTP.
namespace escrow {

/// An answer, ready for any HTTP framework.
struct HttpAnswer {
  unsigned status = 200;
  /// Empty when there is no body.
  std::string content_type;
  std::string body;
  /// The header Retry-After, in whole seconds, never 0.
  std::optional<std::chrono::seconds> retry_after;
};

/// The result of one operation. What is unknown is never a refusal: an exception in a handler is `unavailable`.
class Outcome {
 public:
  enum class Kind : std::uint8_t { succeeded, refused, in_progress, busy, unavailable };

  /// Done (200). `output` is JSON text that the coordinator keeps up to 64 KiB of and an undo or confirm gets back; may be empty.
  [[nodiscard]] static Outcome succeeded(std::string output = {});
  /// "I did nothing and will not" (409). In phase `forward` this aborts the transaction. `reason` is shown to people: no secrets.
  [[nodiscard]] static Outcome refused(std::string reason);
  /// Accepted and being worked on (202): the coordinator asks again after that time. Until the work has ended the participant
  /// owes `busy` to the undo.
  [[nodiscard]] static Outcome in_progress(std::chrono::seconds retry_after = std::chrono::seconds(1));
  /// Another call for the same rows still runs, or the database is busy (425): nothing was changed, ask again.
  [[nodiscard]] static Outcome busy(std::string reason = {}, std::optional<std::chrono::seconds> retry_after = std::nullopt);
  /// Failed without a word on the business (503): everything was rolled back, or the caller can't tell; ask again.
  [[nodiscard]] static Outcome unavailable(std::string reason);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Whether the answer ends the operation: it is kept by a barrier and repeated to every repeat.
  [[nodiscard]] bool is_definite() const noexcept { return kind_ == Kind::succeeded || kind_ == Kind::refused; }
  /// JSON text; empty unless succeeded with output.
  [[nodiscard]] const std::string& output() const noexcept { return output_; }
  /// A sentence for people; empty when succeeded.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

  /// 200, 409, 202, 425 or 503, with the output or a problem document (RFC 9457) as its body.
  [[nodiscard]] HttpAnswer to_http() const;

  bool operator==(const Outcome&) const = default;

 private:
  explicit Outcome(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::string output_;
  std::string reason_;
  std::optional<std::chrono::seconds> retry_after_;
};

}  // namespace escrow
