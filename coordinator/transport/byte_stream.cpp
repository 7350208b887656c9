#include "coordinator/transport/byte_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;

}  // namespace

struct ByteStream::Tls {
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}

  /// OpenSSL calls it when the peer asks for a certificate.
  static int note_request(SSL* ssl, void* tls) {
    static_cast<Tls*>(tls)->lacked_certificate = SSL_get_certificate(ssl) == nullptr;
    return 1;
  }

  asio::ssl::stream<Socket&> stream;
  bool lacked_certificate = false;
};

ByteStream::ByteStream(Socket socket) : socket_(std::move(socket)) {}

ByteStream::~ByteStream() = default;

async::Task<std::tuple<boost::system::error_code>> ByteStream::start_tls(asio::ssl::context& context, const std::string& host) {
  tls_ = std::make_unique<Tls>(socket_, context);
  SSL* const ssl = tls_->stream.native_handle();
  SSL_set_cert_cb(ssl, Tls::note_request, tls_.get());
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  boost::system::error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  // A common name is no host name (RFC 9110, 4.3.4).
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool is_set = false;
  if (not_an_address) {
    is_set = X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1;
    // An address is never sent as server name (RFC 6066, 3).
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
  } else {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
  }
  // A peer whose name can't be checked is nobody.
  if (!is_set) co_return std::tuple(boost::system::error_code(asio::error::invalid_argument));
  tls_->stream.set_verify_mode(asio::ssl::verify_peer);
  co_return co_await tls_->stream.async_handshake(asio::ssl::stream_base::client, as_tuple(use_awaitable));
}

async::Task<std::tuple<boost::system::error_code>> ByteStream::accept_tls(asio::ssl::context& context) {
  tls_ = std::make_unique<Tls>(socket_, context);
  return tls_->stream.async_handshake(asio::ssl::stream_base::server, as_tuple(use_awaitable));
}

async::Task<std::tuple<boost::system::error_code>> ByteStream::wait_for_bytes() {
  return socket_.async_wait(Socket::wait_read, as_tuple(use_awaitable));
}

void ByteStream::forget_tls() { tls_.reset(); }

async::Task<IoResult> ByteStream::read_some(asio::mutable_buffer into) {
  if (tls_) return tls_->stream.async_read_some(into, as_tuple(use_awaitable));
  return socket_.async_read_some(into, as_tuple(use_awaitable));
}

async::Task<IoResult> ByteStream::write(const std::array<asio::const_buffer, 2>& gathered) {
  if (tls_) return asio::async_write(tls_->stream, gathered, as_tuple(use_awaitable));
  return asio::async_write(socket_, gathered, as_tuple(use_awaitable));
}

async::Task<> ByteStream::end_writing() {
  // Also ends when data comes instead of the peer's alert: the caller reads on, below TLS.
  if (tls_) co_await tls_->stream.async_shutdown(as_tuple(use_awaitable));
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

async::Task<IoResult> ByteStream::read_raw(asio::mutable_buffer into) { return socket_.async_read_some(into, as_tuple(use_awaitable)); }

bool ByteStream::is_quiet() {
  if (!socket_.is_open()) return false;
  if (tls_) {
    SSL* const ssl = tls_->stream.native_handle();
    if (SSL_has_pending(ssl) != 0 || BIO_pending(SSL_get_rbio(ssl)) > 0) return false;
  }
  return has_nothing_to_read(socket_);
}

std::optional<PeerCertificate> ByteStream::peer_certificate() const {
  if (!tls_) return std::nullopt;
  SSL* const ssl = tls_->stream.native_handle();
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  const bool is_verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0 && SSL_get_verify_result(ssl) == X509_V_OK;
  if (certificate == nullptr || !is_verified) return std::nullopt;
  return read_certificate(certificate);
}

bool ByteStream::is_peer_believed_by(asio::ssl::context& context) const {
  if (!tls_) return false;
  SSL* const ssl = tls_->stream.native_handle();
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  const bool is_ready = check && X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context.native_handle()),
                                                     SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl)) == 1;
  const bool is_believed = is_ready && X509_STORE_CTX_set_default(check.get(), "ssl_client") == 1 && X509_verify_cert(check.get()) == 1;
  // What verification leaves in this thread's queue TLS would take for its own.
  ERR_clear_error();
  return is_believed;
}

bool ByteStream::lacked_certificate() const { return tls_ && tls_->lacked_certificate; }

void ByteStream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::string ByteStream::explain(const boost::system::error_code& failure) const {
  std::string text = failure.message();
  if (!tls_ || !is_tls_failure(failure)) return text;
  const long verified = SSL_get_verify_result(tls_->stream.native_handle());
  if (verified != X509_V_OK) text = std::string("its certificate is not believed: ") + X509_verify_cert_error_string(verified);
  return text;
}

bool is_end_of_stream(const boost::system::error_code& failure) { return failure == asio::error::eof; }

bool is_tls_failure(const boost::system::error_code& failure) { return failure.category() == asio::error::get_ssl_category(); }

bool is_plain_http(const boost::system::error_code& failure) {
  return is_tls_failure(failure) && ERR_GET_REASON(static_cast<unsigned long>(failure.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace escrow::transport
