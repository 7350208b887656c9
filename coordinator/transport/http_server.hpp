#pragma once

#include "coordinator/async/task.hpp"
#include "coordinator/transport/http_message.hpp"
#include "coordinator/transport/server_tls.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace escrow::transport {

/// Why a request never reached the handler, or its answer never left it.
enum class ProtocolError {
  malformed_request,  ///< 400: not HTTP/1.x, contradictory framing, a bad target or Host
  request_timeout,    ///< 408: header or body took too long
  body_too_large,     ///< 413
  header_too_large,   ///< 431
  overloaded,         ///< 503: more connections than `ServerLimits::connections`, more bytes than `receiving_bytes`
  internal,           ///< 500: the handler threw, or its answer cannot be sent
};

/// The status that goes with it.
[[nodiscard]] int status_of(ProtocolError error);

/// The limits of docs/protocol.md section 6.
struct ServerLimits {
  std::size_t body_bytes = 1048576;
  std::size_t header_bytes = 65536;
  std::size_t connections = 10000;
  /// Of these, those whose peer is not known (`PeerStanding`). For a further one, and for any where there are no more connections, the
  /// oldest of the address that has most of them is closed. 0: no difference is made, and who comes when there are no more is told so.
  std::size_t unknown_connections = 0;
  /// Bytes of requests in memory, beyond the first 8 KiB of each, from their arrival to their answer; past it 503.
  std::size_t receiving_bytes = std::size_t{256} << 20U;
  /// TLS handshakes a second; further ones wait, address by address in turn.
  std::size_t handshakes_per_s = 400;
  /// From the first byte of a request (or the connection's start) to the end of its header.
  std::chrono::milliseconds header_timeout{10000};
  /// For the whole body; and for each write of an answer to be taken by the peer.
  std::chrono::milliseconds body_timeout{30000};
  /// Between two requests of a connection.
  std::chrono::milliseconds idle_timeout{120000};
};

/// Where a server listens: an address and the port that it really has.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;

  /// HOST:PORT, with brackets around an IPv6 address.
  [[nodiscard]] std::string text() const;
};

/// Answers one request. Runs on the server's executor; an exception becomes `ProtocolError::internal`. It is cancelled
/// only when the grace of `drain` has passed, not when the client hangs up.
using RequestHandler = std::function<async::Task<Response>(Request)>;

/// Looks at a request whose header is here and whose body is not: an answer is given at once, and the body is not waited for. Nothing: it
/// may come. Not called for a request that is complete: the handler asks it everything anyway. Must not throw.
using HeadCheck = std::function<std::optional<Response>(const Request& head)>;

/// Renders errors below the handler. `detail` is a sentence for the client, possibly empty. Must not throw.
using ErrorRenderer = std::function<Response(ProtocolError, std::string_view detail)>;

/// Told of what an operator should know and no client is told: exceptions of handlers, accept errors. Must not throw.
using WarningSink = std::function<void(std::string_view)>;

/// An HTTP/1.1 server on one executor (one thread). Requests of a connection are handled one by one in their order.
/// Whatever is ambiguous about where a message ends closes the connection: nothing is smuggled past the handler.
///
/// With TLS, the handshake has the time of a header, waiting for its turn included; whoever is slow at it holds up nobody else. A client
/// that speaks plain HTTP to it gets a 400 that says so.
class HttpServer {
 public:
  HttpServer(async::Executor executor, ServerLimits limits, RequestHandler handler, ErrorRenderer renderer = {}, WarningSink warn = {});
  /// Only after `drain` has returned, unless `run` was never called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and listens on HOST:PORT: an IPv4 address, an IPv6 address in brackets, or a name, which is resolved on the
  /// spot (it may block). Port 0 takes a free one. Connections wait in the kernel until `run`. May be called more than
  /// once, before `run`. Errors: Errc::address_invalid, Errc::address_unavailable.
  Result<Endpoint> listen(std::string_view address);

  /// Before `run`.
  void check_heads(HeadCheck check);

  /// From now on new connections speak TLS, made with these files; null: plain HTTP. Open ones stay as they are, but those of a client
  /// whose certificate is not of the new authorities: they end before their next request, and what streams to them is told
  /// (`Request::peer`).
  void use_tls(std::shared_ptr<const ServerTls> tls);

  /// Begins to accept.
  void run();

  /// Stops accepting, closes idle connections, ends streams, lets requests that are being handled finish (with
  /// `Connection: close`); after `grace` cancels what is left. Returns when nothing of it runs any more.
  /// To cut the grace short, call `abort`.
  async::Task<> drain(std::chrono::milliseconds grace);

  /// Cancels everything at once; `drain` still has to be awaited.
  void abort();

  [[nodiscard]] bool draining() const;
  /// Open connections, those being refused included.
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace escrow::transport
