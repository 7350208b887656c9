#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "client-sdk/src/http/exchange.hpp"

namespace escrow::testing {

/// What came in. The URL of the request is its target only.
using Received = http::Request;

/// What goes out, or does not.
struct Reply {
  enum class Delivery { whole, nothing, half };
  unsigned status = 200;
  http::Headers headers;
  std::string body;
  /// nothing: the connection is closed instead; half: it is closed in the middle of the body.
  Delivery delivery = Delivery::whole;
  /// Says `Connection: close`, and does it.
  bool close = false;
};

/// An HTTP/1.1 server for tests, on a free loopback port, a thread per connection. The handler is called on many threads at once.
class LoopbackServer {
 public:
  using Handler = std::function<Reply(const Received&)>;

  /// With certificate and key (PEM files) it speaks TLS.
  explicit LoopbackServer(Handler handler, const std::string& certificate_file = {}, const std::string& key_file = {});
  /// As `stop`.
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  /// `http://127.0.0.1:PORT`, or `https://localhost:PORT`.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  /// Closes everything and joins its threads; the port refuses connections from then on. Handlers must return by themselves.
  void stop();

 private:
  struct Session;

  void accept();
  void serve(Session& session);
  template <class Stream>
  void serve_on(Stream& stream);

  Handler handler_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  std::string url_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<Session> sessions_;
  std::thread acceptor_thread_;
};

}  // namespace escrow::testing
