#include "client-sdk/src/signing/watched_file.hpp"

#include <ctime>
#include <fstream>
#include <iterator>

namespace escrow::signing {
namespace {

constexpr std::time_t fresh_s = 2;

bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::optional<std::string> WatchedFile::read() {
  // Looked at before it is read: what is written in between is seen as a change the next time.
  was_there_ = ::stat(path_.c_str(), &seen_) == 0;
  // A time that is yet to come (a host whose clock is ahead) says nothing of when it was written.
  const std::time_t age = std::time(nullptr) - seen_.st_mtim.tv_sec;
  was_fresh_ = was_there_ && age >= 0 && age <= fresh_s;
  // A directory can be opened, and only reading it fails: by an exception.
  try {
    std::ifstream file(path_, std::ios::binary);
    if (!file.is_open()) return std::nullopt;
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (file.bad()) return std::nullopt;
    return text;
  } catch (const std::ios_base::failure&) {
    return std::nullopt;
  }
}

bool WatchedFile::has_changed() const {
  struct stat now{};
  const bool is_there = ::stat(path_.c_str(), &now) == 0;
  if (is_there != was_there_) return true;
  return is_there && (was_fresh_ || !same(now, seen_));
}

}  // namespace escrow::signing
