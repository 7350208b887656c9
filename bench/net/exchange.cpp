#include "bench/net/exchange.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace escrow::bench {

Address loopback_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Address address{text, 0, 0};
  in_addr ip{};
  std::uint16_t port = 0;
  const bool parsed = colon != std::string::npos && inet_pton(AF_INET, text.substr(0, colon).c_str(), &ip) == 1 &&
                      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec == std::errc{};
  if (!parsed || (ntohl(ip.s_addr) >> 24) != 127) throw std::invalid_argument(text + " is not 127.x.y.z:PORT");
  address.ip = ip.s_addr;
  address.port = htons(port);
  return address;
}

Exchange::Exchange(Poller& poller, const Address& address, Answered answered)
    : poller_(poller), address_(address), answered_(std::move(answered)) {}

Exchange::~Exchange() {
  if (socket_ >= 0) close(socket_);
}

void Exchange::connect() {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) throw std::system_error(errno, std::system_category(), "socket");
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = address_.ip;
  peer.sin_port = address_.port;
  // A failure shows as an event, like a connection that breaks later.
  ::connect(socket_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer));
  poller_.add(socket_, EPOLLIN | EPOLLOUT, *this);
}

void Exchange::send(std::string_view request) {
  outgoing_.assign(request);
  sent_ = 0;
  waiting_ = true;
  if (socket_ < 0) {
    connect();
  } else if (connected_) {
    flush();
  }
}

void Exchange::flush() {
  if (sent_ == outgoing_.size()) return;
  const auto count = ::send(socket_, outgoing_.data() + sent_, outgoing_.size() - sent_, MSG_NOSIGNAL);
  if (count > 0) sent_ += static_cast<std::size_t>(count);
  // A broken connection shows as an event of the poller; only the full send buffer needs watching.
  if (sent_ < outgoing_.size() && count < 0 && errno == EAGAIN) poller_.change(socket_, EPOLLIN | EPOLLOUT, *this);
}

void Exchange::ready(std::uint32_t events) {
  if (socket_ < 0) return;
  if (events & (EPOLLERR | EPOLLHUP)) return fail();
  if (events & EPOLLOUT) {
    connected_ = true;
    flush();
    if (sent_ == outgoing_.size()) poller_.change(socket_, EPOLLIN, *this);
  }
  if (events & EPOLLIN) receive();
}

void Exchange::receive() {
  constexpr std::size_t room = 16 * 1024;
  const auto count = recv(socket_, reader_.prepare(room), room, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return fail();
  reader_.commit(static_cast<std::size_t>(count));
  Message message;
  while (socket_ >= 0 && reader_.next(message)) {
    waiting_ = false;
    answered_(&message);
  }
  if (reader_.broken()) fail();
}

void Exchange::fail() {
  close(socket_);
  socket_ = -1;
  connected_ = false;
  reader_.clear();
  if (std::exchange(waiting_, false)) answered_(nullptr);
}

}  // namespace escrow::bench
