#include "coordinator/server/gid_source.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "protocol/uuid_v7.hpp"

namespace escrow::server {

protocol::Gid GidSource::next(std::int64_t now_ms) {
  std::array<std::uint8_t, 10> random{};
  if (used_ + random.size() > bytes_.size()) {
    std::size_t filled = 0;
    while (filled < bytes_.size()) {
      const auto count = ::getrandom(bytes_.data() + filled, bytes_.size() - filled, 0);
      if (count < 0 && errno != EINTR) throw std::system_error(errno, std::system_category(), "getrandom");
      if (count > 0) filled += static_cast<std::size_t>(count);
    }
    used_ = 0;
  }
  const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(used_);
  std::copy_n(from, random.size(), random.begin());
  // What named a transaction names no other one.
  std::fill_n(from, random.size(), std::uint8_t{0});
  used_ += random.size();
  return protocol::generate_gid(now_ms, random);
}

}  // namespace escrow::server
