#include "tests/support/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <csignal>
#include <stdexcept>

namespace escrow::testing {
namespace {

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "closed" : reason;
}

}  // namespace

struct TlsClient::State {
  RawSocket socket;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};
};

TlsClient::TlsClient(std::uint16_t port, const TlsClientSettings& settings) : state_(std::make_unique<State>()) {
  // OpenSSL writes to sockets that the peer has closed; the test must not end with it.
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX* const context = state_->context.get();
  if (!settings.ca_file.empty()) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_locations(context, settings.ca_file.c_str(), nullptr);
  }
  if (!settings.certificate_file.empty() && (SSL_CTX_use_certificate_chain_file(context, settings.certificate_file.c_str()) != 1 ||
                                             SSL_CTX_use_PrivateKey_file(context, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1)) {
    throw std::runtime_error("cannot use the client's certificate");
  }
  if (settings.newest_version != 0) {
    SSL_CTX_set_security_level(context, 0);  // else it would not even try
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, settings.newest_version);
  }
  if (!settings.protocols.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(settings.protocols.data()),
                            static_cast<unsigned>(settings.protocols.size()));
  }
  state_->socket = RawSocket::connect(port);
  state_->ssl.reset(SSL_new(context));
  SSL_set_fd(state_->ssl.get(), state_->socket.descriptor());
  if (!settings.ca_file.empty()) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(state_->ssl.get()), "127.0.0.1");
  ERR_clear_error();
  connected_ = SSL_connect(state_->ssl.get()) == 1;
  if (!connected_) failure_ = last_error();
}

TlsClient::~TlsClient() = default;

bool TlsClient::send(std::string_view bytes) { return SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())) > 0; }

bool TlsClient::read_more() {
  std::array<char, 16384> bytes;
  ERR_clear_error();
  const int size = SSL_read(state_->ssl.get(), bytes.data(), bytes.size());
  if (size <= 0) {
    failure_ = last_error();
    return false;
  }
  received_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

std::string TlsClient::take(std::size_t size) {
  std::string out = received_.substr(0, size);
  received_.erase(0, size);
  return out;
}

std::string TlsClient::receive_until(std::string_view end) {
  for (;;) {
    const std::size_t at = received_.find(end);
    if (at != std::string::npos) return take(at + end.size());
    if (!read_more()) return take(received_.size());
  }
}

std::string TlsClient::receive_message() {
  std::string message = receive_until("\r\n\r\n");
  const std::size_t at = message.find("Content-Length: ");
  const std::size_t length = at == std::string::npos ? 0 : std::stoul(message.substr(at + 16));
  while (received_.size() < length && read_more()) {
  }
  return message + take(length);
}

std::string TlsClient::receive_all() {
  while (read_more()) {
  }
  return take(received_.size());
}

bool TlsClient::ended_in_order() const { return (SSL_get_shutdown(state_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

std::string TlsClient::certificate_fingerprint() const {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(state_->ssl.get()), X509_free);
  if (!certificate) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

RawSocket& TlsClient::socket() { return state_->socket; }

}  // namespace escrow::testing
