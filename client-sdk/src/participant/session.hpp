#pragma once

#include <cstddef>
#include <memory>
#include <tuple>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <escrow/participant_server.hpp>

#include "client-sdk/src/participant/router.hpp"

/// One connection of the participant's server: requests one after another, handlers on the pool.
namespace escrow::participant {

/// What every session shares; touched on the I/O thread only, the router excepted.
struct Shared {
  const ServerOptions& options;
  const Router& router;
  boost::asio::any_io_executor handlers;
  /// Requests given to the pool and not answered yet.
  std::size_t in_hand = 0;
  bool stopping = false;
};

class Session {
 public:
  /// With a context, which may go once this is made: TLS.
  Session(boost::asio::ip::tcp::socket socket, Shared& shared, boost::asio::ssl::context* tls = nullptr);

  /// Serves until the peer leaves, a limit is broken, or the server stops.
  [[nodiscard]] boost::asio::awaitable<void> serve();
  /// Says 503 and closes: the server has as many connections as it may have.
  [[nodiscard]] boost::asio::awaitable<void> turn_away();
  /// Ends a session that waits for a request; one whose handler runs answers first.
  void stop();

 private:
  using IoResult = std::tuple<boost::system::error_code, std::size_t>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  // Over TLS or not: nobody else knows the difference.
  [[nodiscard]] boost::asio::awaitable<bool> shake_hands();
  [[nodiscard]] boost::asio::awaitable<IoResult> read_header(Parser& parser);
  [[nodiscard]] boost::asio::awaitable<IoResult> read_body(Parser& parser);
  [[nodiscard]] boost::asio::awaitable<IoResult> write_bytes(boost::asio::const_buffer bytes);
  [[nodiscard]] boost::asio::awaitable<IoResult> write_response(Response& response);
  /// Reads, answers; whether the connection goes on.
  [[nodiscard]] boost::asio::awaitable<bool> serve_one();
  [[nodiscard]] boost::asio::awaitable<Routed> handle(HttpRequest request);
  [[nodiscard]] boost::asio::awaitable<bool> write(Routed routed, bool keep_alive);
  /// Takes what the peer still sends for a moment, so that it reads the answer instead of meeting a reset (RFC 9112, 9.6).
  [[nodiscard]] boost::asio::awaitable<void> linger();
  void close();

  boost::beast::tcp_stream stream_;
  std::unique_ptr<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
  boost::beast::flat_buffer buffer_;
  Shared& shared_;
  bool reading_ = false;
};

}  // namespace escrow::participant
