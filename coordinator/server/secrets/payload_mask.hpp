#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"

/// What of payloads and outputs is shown to nobody below the role `admin`. It changes what is shown, never what is kept or sent.
namespace escrow::server {

class PayloadMask {
 public:
  /// Hides nothing.
  PayloadMask() = default;
  /// What begins with a slash is a JSON pointer from the root of a payload or output (RFC 6901; `*` stands for any element or member),
  /// everything else the name of a member wherever it stands. An error: one of them is neither.
  [[nodiscard]] static Result<PayloadMask, Error> make(const std::vector<std::string>& members);

  [[nodiscard]] bool is_empty() const { return names_.empty() && pointers_.empty(); }
  /// Appends the JSON text, what is hidden as `"***"`. A text that can't be read is hidden as a whole.
  void append(std::string& out, std::string_view json) const;

 private:
  friend class MaskingWalk;
  using Path = std::vector<std::string>;
  [[nodiscard]] bool hides(const Path& path) const;

  std::set<std::string, std::less<>> names_;
  std::vector<Path> pointers_;
};

/// What a participant said went wrong may quote what it was sent: `409: no card 4111...` becomes `409: ***`. Sentences of our own stay.
[[nodiscard]] std::string without_participants_words(std::string_view detail);

}  // namespace escrow::server
