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
  GuardedText out;
  out.is_readable_by_others = (seen.st_mode & S_IROTH) != 0;
  // In one piece from the start: what a string leaves behind when it grows is wiped by nobody.
  out.text.reserve(std::min(static_cast<std::size_t>(seen.st_size), guarded_file_limit) + 1);
  Chunk chunk;
  for (;;) {
    const ssize_t size = ::read(file.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return unreadable(path);
    if (size == 0) return out;
    out.text.append(chunk.data(), static_cast<std::size_t>(size));
    if (out.text.size() > guarded_file_limit) return failure(EFBIG, fmt::format("{} has more than {} bytes", path, guarded_file_limit));
  }
}

}  // namespace escrow::server
