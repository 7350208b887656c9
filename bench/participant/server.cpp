#include "bench/participant/server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace escrow::bench {
namespace {

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
constexpr std::string_view refused = "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"ok\":false}";
constexpr std::string_view unknown = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

}  // namespace

class ParticipantServer::Connection : public Ready, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ParticipantServer& server, int socket) : server_(server), socket_(socket) {}
  ~Connection() override { end(); }

  bool open() const { return socket_ >= 0; }

  void ready(std::uint32_t) override {
    if (socket_ < 0) return;
    constexpr std::size_t room = 16 * 1024;
    const auto count = recv(socket_, reader_.prepare(room), room, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end();
    reader_.commit(static_cast<std::size_t>(count));
    Message message;
    while (reader_.next(message)) take(message.target());
    if (reader_.broken()) end();
  }

 private:
  void take(std::string_view target) {
    constexpr std::string_view slow = "/slow/";
    if (target.starts_with("/ok")) return answer(ok);
    if (target.starts_with("/refuse")) return answer(refused);
    if (target.starts_with("/hang")) return;
    int delay_ms = 0;
    if (!target.starts_with(slow) ||
        std::from_chars(target.data() + slow.size(), target.data() + target.size(), delay_ms).ec != std::errc{}) {
      return answer(unknown);
    }
    server_.poller_.at(Clock::now() + std::chrono::milliseconds(delay_ms), [self = shared_from_this()] { self->answer(ok); });
  }

  void answer(std::string_view text) {
    if (socket_ < 0) return;
    ++server_.answered_;
    // Answers are far smaller than a socket's buffer: one that does not fit means a peer that reads nothing.
    if (send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) end();
  }

  void end() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  ParticipantServer& server_;
  int socket_;
  MessageReader reader_;
};

ParticipantServer::ParticipantServer(Poller& poller, std::uint16_t port) : poller_(poller) {
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

ParticipantServer::~ParticipantServer() { close(socket_); }

void ParticipantServer::ready(std::uint32_t) {
  // Only here, where none of them is being called.
  std::erase_if(connections_, [](const auto& connection) { return !connection->open(); });
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
