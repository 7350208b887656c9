#include "coordinator/transport/server_tls.hpp"

#include "coordinator/transport/errors.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <string_view>

namespace escrow::transport {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::array<unsigned char, 9> only_http_1_1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
/// For TLS 1.2; those of TLS 1.3 all have forward secrecy.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view session_scope = "escrowd";
/// Bytes of what a client may show: a few certificates, and not so many that verifying them costs the one thread much.
constexpr long longest_chain = 32'768;

/// A client that names protocols and not ours would not understand the answer.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered, unsigned offered_size,
                    void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, only_http_1_1.data(), only_http_1_1.size(), offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Their names go out in the handshake, so that a client with several certificates knows which one is wanted.
void name_authorities(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  for (;;) {
    const std::unique_ptr<X509, decltype(&X509_free)> one(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!one) break;
    SSL_CTX_add_client_CA(context, one.get());
  }
  ERR_clear_error();
}

}  // namespace

ServerTls::ServerTls() : context_(std::make_unique<ssl::context>(ssl::context::tls_server)) {}

ServerTls::~ServerTls() = default;

Result<std::shared_ptr<const ServerTls>> ServerTls::load(const ServerTlsFiles& files, const PemReader& read) {
  const std::shared_ptr<ServerTls> tls(new ServerTls());
  ssl::context& context = *tls->context_;
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Thousands of connections that say nothing should not hold a buffer each.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(native, ciphers) != 1) return Error{Errc::tls_setup, "OpenSSL here has no cipher that this coordinator uses"};
  if (const auto loaded = load_identity(context, files.certificate_file, files.key_file, read); !loaded) return loaded.error();
  if (files.client_ca_file.empty()) {
    SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(session_scope.data()), session_scope.size());
    return std::shared_ptr<const ServerTls>(tls);
  }
  auto authorities = load_authorities(context, files.client_ca_file, read);
  if (!authorities) return authorities.error();
  tls->client_authorities_ = *std::move(authorities);
  name_authorities(native, tls->client_authorities_);
  SSL_CTX_set_max_cert_list(native, longest_chain);
  context.set_verify_mode(files.require_client_certificate ? ssl::verify_peer | ssl::verify_fail_if_no_peer_cert : ssl::verify_peer);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  return std::shared_ptr<const ServerTls>(tls);
}

}  // namespace escrow::transport
