#pragma once

#include "tests/fault-injection/http/line.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace escrow::http_faults {

/// An attempt to connect that has not ended.
struct Connecting {
  void succeed() { finish({}); }
  void refuse() { finish(boost::asio::error::connection_refused); }
  void abort() { finish(boost::asio::error::operation_aborted); }

  std::unique_ptr<Operation> operation;

 private:
  void finish(boost::system::error_code failure) {
    const std::unique_ptr<Operation> ended = std::move(operation);
    if (ended) ended->finish(failure, 0);
  }
};

/// Who listens where. One at a time: sockets find it without being told.
class Network {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  /// Side 0 of the line is whoever connects. Not ending the attempt is a black hole.
  using Listener = std::function<void(std::shared_ptr<Line> line, std::shared_ptr<Connecting> attempt)>;

  Network() { enter(); }
  ~Network() {
    if (current_ == this) current_ = nullptr;
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// From now on it is the one that sockets find.
  void enter() { current_ = this; }
  static Network& current() { return *current_; }

  void listen(const Endpoint& endpoint, Listener listener) { listeners_[endpoint] = std::move(listener); }
  void stop_listening(const Endpoint& endpoint) { listeners_.erase(endpoint); }
  void connect(const Endpoint& endpoint, std::shared_ptr<Line> line, std::shared_ptr<Connecting> attempt) {
    const auto found = listeners_.find(endpoint);
    if (found == listeners_.end()) return attempt->refuse();
    found->second(std::move(line), std::move(attempt));
  }

 private:
  inline static Network* current_ = nullptr;
  std::map<Endpoint, Listener> listeners_;
};

}  // namespace escrow::http_faults
