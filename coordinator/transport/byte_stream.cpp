#include "coordinator/transport/byte_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;

}  // namespace

struct ByteStream::Tls {
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}

  asio::ssl::stream<Socket&> stream;
};

ByteStream::ByteStream(Socket socket) : socket_(std::move(socket)) {}

ByteStream::~ByteStream() = default;

async::Task<std::tuple<boost::system::error_code>> ByteStream::start_tls(asio::ssl::context& context, const std::string& host) {
  tls_ = std::make_unique<Tls>(socket_, context);
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  // An address is never sent as server name (RFC 6066, 3).
  if (not_an_address) {
    SSL_ctrl(tls_->stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  }
  tls_->stream.set_verify_mode(asio::ssl::verify_peer);
  tls_->stream.set_verify_callback(asio::ssl::host_name_verification(host));
  return tls_->stream.async_handshake(asio::ssl::stream_base::client, as_tuple(use_awaitable));
}

async::Task<IoResult> ByteStream::read_some(asio::mutable_buffer into) {
  if (tls_) return tls_->stream.async_read_some(into, as_tuple(use_awaitable));
  return socket_.async_read_some(into, as_tuple(use_awaitable));
}

async::Task<IoResult> ByteStream::write(const std::array<asio::const_buffer, 2>& gathered) {
  if (tls_) return asio::async_write(tls_->stream, gathered, as_tuple(use_awaitable));
  return asio::async_write(socket_, gathered, as_tuple(use_awaitable));
}

bool ByteStream::is_quiet() {
  if (!socket_.is_open()) return false;
  if (tls_) {
    SSL* const ssl = tls_->stream.native_handle();
    if (SSL_has_pending(ssl) != 0 || BIO_pending(SSL_get_rbio(ssl)) > 0) return false;
  }
  return has_nothing_to_read(socket_);
}

void ByteStream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

bool is_end_of_stream(const boost::system::error_code& failure) { return failure == asio::error::eof; }

}  // namespace escrow::transport
