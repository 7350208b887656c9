#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Notices that files were deleted or replaced under the running process.
namespace escrow::store::sqlite {

/// Remembers which files stand behind some paths. What is written to a file that has lost its name is gone with the process, although
/// every write and fsync succeeds: nothing else tells.
class FileWatch {
 public:
  /// Remembers the file that is there now.
  void add(const std::string& path);
  /// The first path behind which there is another file now, or none. One system call per path.
  [[nodiscard]] std::optional<std::string> changed() const;

 private:
  struct Watched {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const Watched&) const = default;
  };
  static Watched look(const std::string& path);
  std::vector<Watched> watched_;
};

}  // namespace escrow::store::sqlite
