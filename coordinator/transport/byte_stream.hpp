#pragma once

#include "coordinator/async/task.hpp"
#include "coordinator/transport/socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <memory>
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

  /// Turns the connection into a TLS one, as its client: verifies the peer's certificate and that it names `host`.
  /// `context` must outlive this.
  async::Task<std::tuple<boost::system::error_code>> start_tls(boost::asio::ssl::context& context, const std::string& host);

  async::Task<IoResult> read_some(boost::asio::mutable_buffer into);
  /// Writes both in one go; returns when all is written, or with an error.
  async::Task<IoResult> write(const std::array<boost::asio::const_buffer, 2>& gathered);

  /// True if nothing has come in that has not been read, and the peer has not closed. Costs a system call.
  [[nodiscard]] bool is_quiet();
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  [[nodiscard]] Socket& socket() { return socket_; }
  void close();

 private:
  struct Tls;

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

/// The peer has closed its side properly (TLS: with its close alert).
[[nodiscard]] bool is_end_of_stream(const boost::system::error_code& failure);

}  // namespace escrow::transport
