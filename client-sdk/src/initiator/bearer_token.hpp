#pragma once

#include <optional>
#include <string>

#include "client-sdk/src/signing/watched_file.hpp"

namespace escrow {

/// The token that requests are sent with: a value, or a file that is read again when it has changed. Not thread-safe.
class BearerToken {
 public:
  /// An empty path: the value, for ever. Throws std::invalid_argument when the file can't be read, or when a token holds a line break.
  BearerToken(std::string value, const std::string& path);

  /// What to send now; empty: nothing.
  [[nodiscard]] const std::string& now();

 private:
  [[nodiscard]] bool read();

  std::string value_;
  std::optional<signing::WatchedFile> file_;
};

}  // namespace escrow
