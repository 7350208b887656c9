#include "bench/net/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace escrow::bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

}  // namespace

class HttpServer::Connection final : public Ready, public Peer, public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer& server, int socket) : server_(server), socket_(socket) {}
  ~Connection() override { end(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool is_open() const { return socket_ >= 0; }

  void ready(std::uint32_t) override {
    if (socket_ < 0) return;
    constexpr std::size_t room = 16 * 1024;
    const auto count = recv(socket_, reader_.prepare(room), room, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end();
    reader_.commit(static_cast<std::size_t>(count));
    Message message;
    while (reader_.next(message)) server_.handler_(message, shared_from_this());
    if (reader_.broken()) end();
  }

  void answer(std::string_view text) override {
    if (socket_ < 0) return;
    // Answers are far smaller than a socket's buffer: one that does not fit means a peer that reads nothing.
    if (send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) end();
  }

 private:
  void end() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  HttpServer& server_;
  int socket_;
  MessageReader reader_;
};

HttpServer::HttpServer(Poller& poller, std::uint16_t port, Handler handler) : poller_(poller), handler_(std::move(handler)) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  here.sin_port = htons(port);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof(here)) != 0) fail("bind");
  if (listen(socket_, 4096) != 0) fail("listen");
  socklen_t size = sizeof(here);
  if (getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) != 0) fail("getsockname");
  port_ = ntohs(here.sin_port);
  poller_.add(socket_, EPOLLIN, *this);
}

HttpServer::~HttpServer() { close(socket_); }

void HttpServer::ready(std::uint32_t) {
  // Only here, where none of them is being called.
  std::erase_if(connections_, [](const auto& connection) { return !connection->is_open(); });
  while (true) {
    const int accepted = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return;
    const int on = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connections_.push_back(std::make_shared<Connection>(*this, accepted));
    poller_.add(accepted, EPOLLIN, *connections_.back());
  }
}

}  // namespace escrow::bench
