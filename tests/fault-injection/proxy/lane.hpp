#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/fault-injection/proxy/proxy_process.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/raw_socket.hpp"

/// A server that remembers what it was sent, the proxy before it, and clients that are nothing but sockets.
namespace escrow::testing {

inline const std::string body = "{\"paid\":true}";
inline const std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + body;

/// A server that remembers what it was sent, a proxy before it, and clients.
class Lane {
 public:
  explicit Lane(const std::string& rules, std::string says = answer) : says_(std::move(says)) {
    server_ = std::make_unique<RawServer>([this](RawSocket& connection, int) { serve(connection); });
    const std::string links = "links: [{name: pay, to: \"127.0.0.1:" + std::to_string(server_->port()) + "\"}]\n";
    proxy_ = std::make_unique<ProxyProcess>(FAULT_PROXY, directory_.path(), links + (rules.empty() ? "" : "rules:\n  - " + rules + "\n"));
  }

  [[nodiscard]] ProxyProcess& proxy() { return *proxy_; }
  [[nodiscard]] RawSocket connect() const { return RawSocket::connect(proxy_->port("pay")); }
  [[nodiscard]] std::vector<std::string> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  /// Waits until the server has that many requests.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return received_.size() >= count; });
  }
  [[nodiscard]] int connections() const { return server_->connections(); }

 private:
  void serve(RawSocket& connection) {
    for (;;) {
      const std::string request = connection.receive_message();
      if (request.empty()) return;
      {
        const std::lock_guard lock(mutex_);
        received_.push_back(request);
      }
      arrived_.notify_all();
      if (!connection.send(says_)) return;
    }
  }

  std::string says_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> received_;
  TemporaryDirectory directory_;
  std::unique_ptr<RawServer> server_;
  std::unique_ptr<ProxyProcess> proxy_;
};

inline std::string request(const std::string& operation = "try", int attempt = 1, const std::string& gid = "g") {
  return "POST /" + operation + " HTTP/1.1\r\nHost: x\r\nEscrow-Gid: " + gid + "\r\nEscrow-Branch: b\r\nEscrow-Operation: " + operation +
         "\r\nEscrow-Attempt: " + std::to_string(attempt) + "\r\nContent-Length: 4\r\n\r\nbody";
}

struct Seen {
  std::string bytes;
  bool was_reset = false;
  bool was_closed = false;
};

/// Until `count` bytes are there, or the peer ends it, or nothing has come for `patience`.
inline Seen read_up_to(const RawSocket& socket, std::size_t count, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
  Seen seen;
  while (seen.bytes.size() < count) {
    if (!socket.hears_within(static_cast<int>(patience.count()))) return seen;
    char bytes[4096];
    const auto some = ::recv(socket.descriptor(), bytes, std::min(sizeof bytes, count - seen.bytes.size()), 0);
    seen.was_closed = some == 0;
    seen.was_reset = some < 0;
    if (some <= 0) return seen;
    seen.bytes.append(bytes, static_cast<std::size_t>(some));
  }
  return seen;
}

inline Seen read_to_end(const RawSocket& socket) { return read_up_to(socket, 1U << 24U); }

/// The answer that a request gets on a connection of its own.
inline Seen asked(Lane& lane, const std::string& text = request()) {
  RawSocket client = lane.connect();
  client.send(text);
  client.close_write();
  return read_to_end(client);
}

inline std::string rule(const std::string& action) { return "{do: {" + action + "}}"; }

}  // namespace escrow::testing
