#pragma once

#include "tests/support/raw_socket.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace escrow::testing {

/// How a TlsClient introduces itself.
struct TlsClientSettings {
  /// Trusts this authority and the name 127.0.0.1; empty: anybody.
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
  /// In the form of ALPN: each name behind its length.
  std::string protocols = {};
  /// The newest version of TLS that it speaks, as TLS1_1_VERSION; 0: any.
  int newest_version = 0;
};

/// A blocking TLS connection to loopback.
class TlsClient {
 public:
  /// Connects and shakes hands; what came of it is in `connected`.
  explicit TlsClient(std::uint16_t port, const TlsClientSettings& settings = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  /// What OpenSSL says about the handshake or the last read that failed.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// False if the peer is gone.
  bool send(std::string_view bytes);
  /// One message with Content-Length; what came before the peer closed otherwise.
  [[nodiscard]] std::string receive_message();
  /// Everything up to and including `end`, or what came before the peer closed.
  [[nodiscard]] std::string receive_until(std::string_view end);
  /// Everything until the peer closes.
  [[nodiscard]] std::string receive_all();
  /// The stream ended with the peer's close alert, not by a cut.
  [[nodiscard]] bool ended_in_order() const;
  /// Of the server's certificate.
  [[nodiscard]] std::string certificate_fingerprint() const;
  [[nodiscard]] RawSocket& socket();

 private:
  struct State;
  std::string take(std::size_t size);
  bool read_more();

  std::unique_ptr<State> state_;
  bool connected_ = false;
  std::string failure_;
  std::string received_;
};

}  // namespace escrow::testing
