#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace escrow::testing {

/// A blocking TCP connection on loopback that sends and receives exactly what a test says: for peers that break the rules.
/// Every wait ends after ten seconds, as if the peer had gone. Not for use from several threads at once.
class RawSocket {
 public:
  RawSocket() = default;
  explicit RawSocket(int descriptor);
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&& other) noexcept;
  ~RawSocket();

  /// Throws std::runtime_error if nobody listens.
  static RawSocket connect(std::uint16_t port, std::string_view address = "127.0.0.1");

  /// Sends all of it; false if the peer is gone.
  bool send(std::string_view bytes) const;
  /// The next bytes that arrive, at most `most`; empty: the peer has closed or reset.
  [[nodiscard]] std::string receive_some(std::size_t most = 65536) const;
  /// Everything until the peer closes.
  [[nodiscard]] std::string receive_all();
  /// Everything up to and including `end`, or what came before the peer closed.
  [[nodiscard]] std::string receive_until(std::string_view end);
  /// One message with Content-Length (or without body): header and body. What was received behind it stays for later.
  [[nodiscard]] std::string receive_message();
  /// True once the peer has closed or reset; bytes that still come are dropped.
  bool wait_for_close() const;

  /// True once the peer sends or closes, false when nothing has happened for `limit_ms`. Paces a sender that drips.
  bool hears_within(int limit_ms) const;

  /// Closes our side only: the peer reads an end of stream.
  void close_write() const;
  /// From now on closing resets the connection instead of ending it in order.
  void reset_on_close() const;
  void close();
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::string left_over_;
};

}  // namespace escrow::testing
