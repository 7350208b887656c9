#include "client-sdk/src/testing/loopback_server.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl.hpp>
#include <sstream>
#include <utility>

namespace escrow::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

Received received_from(beast::http::request<beast::http::string_body>&& message) {
  Received received;
  received.method = std::string(message.method_string());
  received.url = std::string(message.target());
  for (const auto& field : message) received.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  received.body = std::move(message.body());
  return received;
}

/// Whether the connection may go on.
template <class Stream>
bool send(Stream& stream, const Reply& reply) {
  if (reply.delivery == Reply::Delivery::nothing) return false;
  beast::http::response<beast::http::string_body> message(beast::http::int_to_status(reply.status), 11);
  message.result(reply.status);
  for (const auto& [name, value] : reply.headers) message.set(name, value);
  message.body() = reply.body;
  message.keep_alive(!reply.close);
  message.prepare_payload();
  boost::system::error_code error;
  if (reply.delivery == Reply::Delivery::half) {
    std::ostringstream text;
    text << message;
    const std::string whole = text.str();
    asio::write(stream, asio::buffer(whole.data(), whole.size() - std::max<std::size_t>(1, reply.body.size() / 2)), error);
    return false;
  }
  beast::http::write(stream, message, error);
  return !error && !reply.close;
}

}  // namespace

struct LoopbackServer::Session {
  explicit Session(tcp::socket accepted) : socket(std::move(accepted)), handle(socket.native_handle()) {}
  tcp::socket socket;
  int handle;
  bool ended = false;
  std::thread thread;
};

LoopbackServer::LoopbackServer(Handler handler, const std::string& certificate_file, const std::string& key_file)
    : handler_(std::move(handler)), acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  const std::string port = std::to_string(acceptor_.local_endpoint().port());
  url_ = "http://127.0.0.1:" + port;
  if (!certificate_file.empty()) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->use_certificate_chain_file(certificate_file);
    tls_->use_private_key_file(key_file, asio::ssl::context::pem);
    url_ = "https://localhost:" + port;
  }
  acceptor_thread_ = std::thread([this] { accept(); });
}

LoopbackServer::~LoopbackServer() { stop(); }

void LoopbackServer::accept() {
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    // A client that was gone before it was accepted is no reason to stop.
    if (error) continue;
    for (auto old = sessions_.begin(); old != sessions_.end();) {
      if (!old->ended) {
        ++old;
        continue;
      }
      old->thread.join();
      old = sessions_.erase(old);
    }
    Session& session = sessions_.emplace_back(std::move(socket));
    session.thread = std::thread([this, &session] { serve(session); });
  }
}

template <class Stream>
void LoopbackServer::serve_on(Stream& stream) {
  beast::flat_buffer buffer;
  for (;;) {
    boost::system::error_code error;
    beast::http::request_parser<beast::http::string_body> parser;
    parser.body_limit(std::uint64_t{16} << 20U);
    beast::http::read(stream, buffer, parser, error);
    if (error) return;
    const Received received = received_from(parser.release());
    if (!send(stream, handler_(received))) return;
  }
}

void LoopbackServer::serve(Session& session) {
  boost::system::error_code error;
  session.socket.set_option(tcp::no_delay(true), error);
  if (tls_) {
    asio::ssl::stream<tcp::socket&> stream(session.socket, *tls_);
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) serve_on(stream);
  } else {
    serve_on(session.socket);
  }
  const std::lock_guard lock(mutex_);
  // The other side may still be reading: end the stream, and let the descriptor go when the thread is joined.
  ::shutdown(session.handle, SHUT_RDWR);
  session.ended = true;
}

void LoopbackServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    // Wakes the threads that block on them; the descriptors stay until nobody can be using them.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    for (Session& session : sessions_) ::shutdown(session.handle, SHUT_RDWR);
  }
  acceptor_thread_.join();
  for (Session& session : sessions_) session.thread.join();
  sessions_.clear();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace escrow::testing
