#pragma once

#include "tests/support/raw_socket.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace escrow::testing {

/// A TCP server on a free loopback port that plays a script on every connection, each on a thread of its own: for
/// participants that answer wrongly, late, in pieces or not at all. The destructor hangs up on all of them.
class RawServer {
 public:
  /// `number` counts the connections from 0. The connection is closed when the script
  /// returns, which must not close it itself (`reset_on_close` is fine).
  using Script = std::function<void(RawSocket& connection, int number)>;

  /// `address`: 127.0.0.1, ::1 or another loopback address.
  explicit RawServer(Script script, const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  /// Reads one request per connection, answers `bytes` and closes.
  static Script answer_once(std::string bytes);
  /// Answers every request on the connection with `bytes` until the peer closes.
  static Script answer_each(std::string bytes);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// http://ADDRESS:PORT with `path` behind it.
  [[nodiscard]] std::string url(const std::string& path = "/") const;
  /// Connections accepted so far.
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept();

  Script script_;
  std::string address_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<int> open_;
  bool stopping_ = false;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace escrow::testing
