#include "coordinator/store/sqlite/file_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "coordinator/store/log.hpp"

namespace escrow::store::sqlite {
namespace {

std::string holder_of(int descriptor) {
  char digits[24] = {};
  const auto length = ::pread(descriptor, digits, sizeof digits - 1, 0);
  return length > 0 ? std::string(digits, static_cast<std::size_t>(length)) : std::string("unknown");
}

/// Only for the message that a second coordinator gives: errors do not matter.
void leave_number(int descriptor) {
  const std::string number = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const auto written = ::pwrite(descriptor, number.data(), number.size(), 0);
  }
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    return Error{make_error_code(LogErrc::unavailable), "cannot open the lock file " + path + ": " + std::strerror(errno) +
                                                            "; the directory must exist and be writable by this user"};
  }
  FileLock lock(descriptor);
  // Of the open file description, not of the process: a second log inside one process is refused too.
  struct flock wanted = {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &wanted) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      return Error{make_error_code(LogErrc::unavailable), "cannot lock " + path + ": " + std::strerror(errno)};
    }
    return Error{make_error_code(LogErrc::locked), "another escrowd (process " + holder_of(descriptor) + ") is using " + database_path +
                                                       "; stop it, or give this one a log of its own with --store sqlite:PATH"};
  }
  leave_number(descriptor);
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace escrow::store::sqlite
