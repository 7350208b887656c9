#pragma once

#include "coordinator/async/task.hpp"
#include "coordinator/transport/peer_certificate.hpp"
#include "coordinator/transport/socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

namespace boost::asio::ssl {
class context;
}

namespace escrow::transport {

/// What an operation ended with, and how many bytes it moved.
using IoResult = std::tuple<boost::system::error_code, std::size_t>;

/// A connected socket, with TLS on it or without: the only place that knows the difference. It has no time limits of its
/// own; `socket().cancel()` or `close()` ends what is awaited.
class ByteStream {
 public:
  explicit ByteStream(Socket socket);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Turns the connection into a TLS one, as its client: verifies the peer's certificate and that it names `host`. After a failure the
  /// connection can only be closed.
  async::Task<std::tuple<boost::system::error_code>> start_tls(boost::asio::ssl::context& context, const std::string& host);
  /// The same as its server.
  async::Task<std::tuple<boost::system::error_code>> accept_tls(boost::asio::ssl::context& context);
  /// Returns once there is something to read, or the end. Reads nothing.
  async::Task<std::tuple<boost::system::error_code>> wait_for_bytes();
  /// Goes back to the bytes of the socket: for a last word to a peer that has not begun a handshake.
  void forget_tls();

  async::Task<IoResult> read_some(boost::asio::mutable_buffer into);
  /// Writes both in one go; returns when all is written, or with an error.
  async::Task<IoResult> write(const std::array<boost::asio::const_buffer, 2>& gathered);
  /// Tells the peer that nothing follows (TLS: with a close alert, which may wait for the peer's) and goes on reading.
  async::Task<> end_writing();
  /// Reads what nobody will look at: bytes of the socket, also under TLS. Only after `end_writing`.
  async::Task<IoResult> read_raw(boost::asio::mutable_buffer into);

  /// True if nothing has come in that has not been read, and the peer has not closed. Costs a system call.
  [[nodiscard]] bool is_quiet();
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  /// The peer's verified certificate; nothing: it showed none, or none that was asked for.
  [[nodiscard]] std::optional<PeerCertificate> peer_certificate() const;
  /// Whether the peer's certificate, verified once more, comes from one of these authorities.
  [[nodiscard]] bool is_peer_believed_by(boost::asio::ssl::context& context) const;
  /// The peer asked for our certificate in the handshake, and there was none to show.
  [[nodiscard]] bool lacked_certificate() const;
  [[nodiscard]] Socket& socket() { return socket_; }
  void close();

  /// What `failure` of this connection means, as a sentence: of a certificate that was not believed it says why.
  [[nodiscard]] std::string explain(const boost::system::error_code& failure) const;

 private:
  struct Tls;

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

/// The peer has closed its side properly (TLS: with its close alert).
[[nodiscard]] bool is_end_of_stream(const boost::system::error_code& failure);
/// TLS itself failed: no I/O error, and no stream that was cut short.
[[nodiscard]] bool is_tls_failure(const boost::system::error_code& failure);
/// What came instead of a TLS handshake was a request in plain HTTP.
[[nodiscard]] bool is_plain_http(const boost::system::error_code& failure);

}  // namespace escrow::transport
