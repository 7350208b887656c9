#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

/// A file that is read again when it has changed.
namespace escrow::signing {

/// Not thread-safe.
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  /// Its text, and from now on "changed" means: since this moment. Nothing: it can't be read.
  [[nodiscard]] std::optional<std::string> read();
  /// Whether another file lies there now, or this one was written to. A file written a moment before it was read counts as changed, since
  /// a second write within the clock's step would not show; so who is told of changes compares the texts.
  [[nodiscard]] bool has_changed() const;

 private:
  std::string path_;
  struct stat seen_{};
  bool was_there_ = false;
  bool was_fresh_ = false;
};

}  // namespace escrow::signing
