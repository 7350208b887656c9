#pragma once

#include <functional>
#include <string>

#include "bench/net/message_reader.hpp"
#include "bench/net/poller.hpp"

namespace escrow::bench {

/// An IPv4 address on this machine and a port, as "127.0.0.1:7400".
struct Address {
  std::string text;
  std::uint32_t ip = 0;    ///< network order
  std::uint16_t port = 0;  ///< network order
};

/// Throws std::invalid_argument for anything but a loopback address with a port: load goes nowhere else.
Address loopback_address(const std::string& text);

/// One keep-alive connection with at most one request in flight. Connects when first used and again after a failure.
class Exchange : public Ready {
 public:
  /// Called once per request: the answer, or nullptr when the connection broke. The message lives as long as the call. A new
  /// request may be sent from inside.
  using Answered = std::function<void(const Message*)>;

  Exchange(Poller& poller, const Address& address, Answered answered);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// `request`: the whole message. Fails through the callback, from the poller, never from inside.
  void send(std::string_view request);

  void ready(std::uint32_t events) override;

 private:
  void connect();
  void flush();
  void receive();
  void fail();

  Poller& poller_;
  Address address_;
  Answered answered_;
  MessageReader reader_;
  std::string outgoing_;
  std::size_t sent_ = 0;
  int socket_ = -1;
  bool connected_ = false;
  bool waiting_ = false;
};

}  // namespace escrow::bench
