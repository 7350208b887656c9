#include "tests/support/raw_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace escrow::testing {

RawSocket::RawSocket(int descriptor) : descriptor_(descriptor) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), left_over_(std::move(other.left_over_)) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    left_over_ = std::move(other.left_over_);
  }
  return *this;
}

RawSocket::~RawSocket() { close(); }

RawSocket RawSocket::connect(std::uint16_t port, std::string_view address) {
  const std::string text(address);
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  } else {
    throw std::runtime_error("not an address: " + text);
  }
  RawSocket socket(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
  return socket;
}

bool RawSocket::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string RawSocket::receive_some(std::size_t most) const {
  std::string bytes(most, '\0');
  const ssize_t received = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  return bytes;
}

std::string RawSocket::receive_all() {
  std::string all = std::exchange(left_over_, {});
  for (std::string some = receive_some(); !some.empty(); some = receive_some()) all += some;
  return all;
}

std::string RawSocket::receive_until(std::string_view end) {
  std::string all = std::exchange(left_over_, {});
  std::size_t found = all.find(end);
  while (found == std::string::npos) {
    const std::string some = receive_some();
    if (some.empty()) return all;
    all += some;
    found = all.find(end);
  }
  left_over_ = all.substr(found + end.size());
  all.resize(found + end.size());
  return all;
}

std::string RawSocket::receive_message() {
  std::string message = std::exchange(left_over_, {});
  std::size_t whole = std::string::npos;
  for (;;) {
    const std::size_t end = message.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string head = message.substr(0, end + 2);
      for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      constexpr std::string_view name = "\r\ncontent-length:";
      const std::size_t at = head.find(name);
      whole = end + 4 + (at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size())));
      if (message.size() >= whole) break;
    }
    const std::string some = receive_some();
    if (some.empty()) return message;
    message += some;
  }
  left_over_ = message.substr(whole);
  message.resize(whole);
  return message;
}

bool RawSocket::wait_for_close() const {
  std::array<char, 4096> dropped{};
  for (;;) {
    const ssize_t received = ::recv(descriptor_, dropped.data(), dropped.size(), 0);
    if (received == 0) return true;
    if (received < 0) return errno != EAGAIN;
  }
}

bool RawSocket::hears_within(int limit_ms) const {
  pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, limit_ms) > 0;
}

void RawSocket::close_write() const { ::shutdown(descriptor_, SHUT_WR); }

void RawSocket::reset_on_close() const {
  const linger abrupt{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
}

void RawSocket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace escrow::testing
