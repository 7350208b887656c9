#include "tests/support/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace escrow::testing {

RawServer::RawServer(Script script, const std::string& address, std::uint16_t port) : script_(std::move(script)), address_(address) {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  sockaddr_storage storage{};
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  socklen_t size = is_ipv6 ? sizeof *v6 : sizeof *v4;
  if (is_ipv6) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
  } else {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &v4->sin_addr);
  }
  listener_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&storage), size) != 0 || ::listen(listener_, 128) != 0) {
    const std::string why = std::strerror(errno);
    ::close(listener_);
    throw std::runtime_error("cannot listen on " + address + ": " + why);
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&storage), &size);
  port_ = ntohs(is_ipv6 ? v6->sin6_port : v4->sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void RawServer::accept() {
  for (;;) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(descriptor);
      return;
    }
    const auto entry = open_.insert(open_.end(), descriptor);
    const int number = connections_++;
    threads_.emplace_back([this, entry, number] {
      RawSocket connection(*entry);
      script_(connection, number);
      const std::lock_guard closing(mutex_);
      open_.erase(entry);
      connection.close();
    });
  }
}

RawServer::Script RawServer::answer_once(std::string bytes) {
  return [bytes = std::move(bytes)](RawSocket& connection, int) {
    if (!connection.receive_message().empty()) connection.send(bytes);
  };
}

RawServer::Script RawServer::answer_each(std::string bytes) {
  return [bytes = std::move(bytes)](RawSocket& connection, int) {
    while (!connection.receive_message().empty()) {
      if (!connection.send(bytes)) return;
    }
  };
}

std::string RawServer::url(const std::string& path) const {
  const bool is_ipv6 = address_.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + address_ + "]" : address_) + ":" + std::to_string(port_) + path;
}

}  // namespace escrow::testing
