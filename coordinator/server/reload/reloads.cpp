#include "coordinator/server/reload/reloads.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace escrow::server {
namespace {

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

/// A file that somebody writes in place is half of what it will be.
constexpr std::int64_t settled_after_ms = 1'000;

}  // namespace

bool FileStamp::is_settled() const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age_ms = std::int64_t{now.tv_sec - modified.tv_sec} * 1'000 + std::int64_t{now.tv_nsec - modified.tv_nsec} / 1'000'000;
  // One from the future, by a clock that was ahead, will not become older by waiting.
  return age_ms < 0 || age_ms >= settled_after_ms;
}

FileStamp FileStamp::of(const std::string& path) {
  FileStamp stamp;
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) return stamp;
  stamp.device = seen.st_dev;
  stamp.node = seen.st_ino;
  stamp.size = seen.st_size;
  stamp.modified = seen.st_mtim;
  stamp.changed = seen.st_ctim;
  return stamp;
}

bool FileStamp::operator==(const FileStamp& other) const {
  return device == other.device && node == other.node && size == other.size && same_time(modified, other.modified) &&
         same_time(changed, other.changed);
}

std::vector<Reloads::File> Reloads::stamped(const Reloadable& what) {
  std::vector<File> out;
  for (std::string& path : what.files()) {
    const FileStamp stamp = FileStamp::of(path);
    out.push_back({std::move(path), stamp});
  }
  return out;
}

Result<void, Error> Reloads::read_and_stamp(Watched& watched) {
  // Before the reading: what changes while we read is seen at the next look.
  std::vector<File> before = stamped(watched.what);
  auto outcome = watched.what.read();
  watched.files = stamped(watched.what);
  for (File& file : watched.files) {
    const auto known = std::ranges::find(before, file.path, &File::path);
    if (known != before.end()) file.stamp = known->stamp;
  }
  return outcome;
}

Result<void, Error> Reloads::add(Reloadable reloadable) {
  Watched watched{std::move(reloadable), {}};
  auto outcome = read_and_stamp(watched);
  if (outcome) watched_.push_back(std::move(watched));
  return outcome;
}

void Reloads::read_again(Watched& watched) {
  const auto outcome = [&]() -> Result<void, Error> {
    // Whatever a reader throws must not end the looking.
    try {
      return read_and_stamp(watched);
    } catch (const std::exception& failure) {
      return Error{std::make_error_code(std::errc::io_error), failure.what()};
    }
  }();
  if (outcome) {
    ++succeeded_;
    logger_.info("read again", {{"key", std::string_view(watched.what.key)}});
  } else {
    ++failed_;
    logger_.error("can't be read again, the old state stays",
                  {{"key", std::string_view(watched.what.key)}, {"detail", std::string_view(outcome.error().detail)}});
  }
}

void Reloads::look() {
  for (Watched& watched : watched_) {
    bool is_other = false;
    bool is_settled = true;
    for (const File& file : watched.files) {
      const FileStamp stamp = FileStamp::of(file.path);
      is_other = is_other || !(stamp == file.stamp);
      is_settled = is_settled && stamp.is_settled();
    }
    if (is_other && is_settled) read_again(watched);
  }
}

void Reloads::read_all() {
  for (Watched& watched : watched_) read_again(watched);
}

}  // namespace escrow::server
