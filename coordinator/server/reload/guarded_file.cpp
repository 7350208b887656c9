#include "coordinator/server/reload/guarded_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace escrow::server {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Wiped when it goes.
struct Chunk : std::array<char, 16'384> {
  ~Chunk() { OPENSSL_cleanse(data(), size()); }
};

Error failure(int code, std::string detail) { return {std::error_code(code, std::generic_category()), std::move(detail)}; }

Error unreadable(const std::string& path) {
  const int code = errno;
  return failure(code, fmt::format("{} can't be read: {}", path, std::generic_category().message(code)));
}

/// Whoever owns a file may change it, whatever its mode says.
bool is_strangers(const struct stat& seen) { return seen.st_uid != 0 && seen.st_uid != ::geteuid(); }

bool is_same_state(const struct stat& a, const struct stat& b) {
  const auto same_time = [](const timespec& x, const timespec& y) { return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec; };
  return a.st_size == b.st_size && same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

/// Whether others than its owner may do what they must not.
bool is_too_open(const struct stat& seen, Guard guard) {
  if ((seen.st_mode & (S_IWGRP | S_IWOTH)) != 0) return true;
  if (guard == Guard::nobody_writes) return false;
  const bool group_is_fine = seen.st_uid == 0 && ::geteuid() != 0;
  return (seen.st_mode & S_IROTH) != 0 || ((seen.st_mode & S_IRGRP) != 0 && !group_is_fine);
}

}  // namespace

GuardedText::GuardedText(GuardedText&& other) noexcept : text(std::move(other.text)), is_readable_by_others(other.is_readable_by_others) {
  // A short text was copied rather than moved, and lies in what the string now calls free.
  other.text.resize(other.text.capacity());
  OPENSSL_cleanse(other.text.data(), other.text.size());
}

GuardedText::~GuardedText() { OPENSSL_cleanse(text.data(), text.size()); }

Result<GuardedText, Error> read_guarded_file(const std::string& path, Guard guard) {
  // Not to wait for somebody who writes into a pipe.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return unreadable(path);
  struct stat seen{};
  if (::fstat(file.number(), &seen) != 0) return unreadable(path);
  if (!S_ISREG(seen.st_mode)) return failure(EINVAL, path + " is not a regular file");
  if (is_too_open(seen, guard)) {
    return failure(
        EPERM, fmt::format("{} has mode {:04o}, so others than its owner may {} it; chmod {} {}", path, seen.st_mode & 07777U,
                           guard == Guard::nobody_reads ? "read or write" : "write", guard == Guard::nobody_reads ? "600" : "go-w", path));
  }
  if (is_strangers(seen)) {
    return failure(EPERM, fmt::format("{} belongs to the user {}, who could change it; it must be root's or of the user who runs this",
                                      path, seen.st_uid));
  }
  GuardedText out;
  out.is_readable_by_others = (seen.st_mode & S_IROTH) != 0;
  // In one piece from the start: what a string leaves behind when it grows is wiped by nobody.
  out.text.reserve(std::min(static_cast<std::size_t>(seen.st_size), guarded_file_limit) + 1);
  Chunk chunk;
  for (;;) {
    const ssize_t size = ::read(file.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return unreadable(path);
    if (size == 0) break;
    out.text.append(chunk.data(), static_cast<std::size_t>(size));
    if (out.text.size() > guarded_file_limit) return failure(EFBIG, fmt::format("{} has more than {} bytes", path, guarded_file_limit));
  }
  // Half of what somebody writes in place may be a whole list that lets in more than the whole one.
  struct stat after{};
  if (::fstat(file.number(), &after) != 0) return unreadable(path);
  if (!is_same_state(seen, after) || static_cast<std::size_t>(after.st_size) != out.text.size())
    return failure(EAGAIN, path + " is being written; put a new file in its place with mv");
  return out;
}

}  // namespace escrow::server
