#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/net/message_reader.hpp"
#include "bench/net/poller.hpp"

namespace escrow::bench {

/// Serves keep-alive connections on 127.0.0.1 from the poller's thread.
class HttpServer : public Ready {
 public:
  /// Where a request came from and its answer goes to. May be kept until the answer is there; one request at a time.
  class Peer {
   public:
    virtual ~Peer() = default;
    /// `text`: the whole message. Lost without a word when the peer is gone.
    virtual void answer(std::string_view text) = 0;
  };
  /// The message lives as long as the call.
  using Handler = std::function<void(const Message&, const std::shared_ptr<Peer>&)>;

  /// Port 0 takes a free one. Throws std::system_error.
  HttpServer(Poller& poller, std::uint16_t port, Handler handler);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const { return port_; }

  void ready(std::uint32_t events) override;

 private:
  class Connection;

  Poller& poller_;
  Handler handler_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace escrow::bench
