#include "coordinator/store/sqlite/file_watch.hpp"

#include <sys/stat.h>

namespace escrow::store::sqlite {

FileWatch::Watched FileWatch::look(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return {path, 0, 0};
  return {path, found.st_dev, found.st_ino};
}

void FileWatch::add(const std::string& path) { watched_.push_back(look(path)); }

std::optional<std::string> FileWatch::changed() const {
  for (const auto& watched : watched_) {
    if (look(watched.path) != watched) return watched.path;
  }
  return std::nullopt;
}

}  // namespace escrow::store::sqlite
