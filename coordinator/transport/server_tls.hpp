#pragma once

#include "coordinator/transport/tls_files.hpp"
#include "protocol/result.hpp"

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace escrow::transport {

/// Which files the TLS of a server is made of.
struct ServerTlsFiles {
  /// The certificate chain and its key, PEM; empty: plain HTTP.
  std::string certificate_file;
  std::string key_file;
  /// Authorities of clients; empty: no client is asked for a certificate.
  std::string client_ca_file;
  /// Whether a client without one is turned away in the handshake. One whose certificate is not of those authorities always is.
  bool require_client_certificate = false;

  [[nodiscard]] bool enabled() const { return !certificate_file.empty(); }
};

/// The TLS of a server, with everything read from its files: TLS 1.2 at least with forward secrecy, HTTP/1.1 only, no renegotiation.
/// Where clients show certificates, sessions are not resumed, so that each connection verifies them anew.
class ServerTls {
 public:
  /// Error: Errc::tls_setup, naming the file.
  static Result<std::shared_ptr<const ServerTls>> load(const ServerTlsFiles& files, const PemReader& read = read_pem);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  /// Lives as long as this; connections made with it may live longer.
  [[nodiscard]] boost::asio::ssl::context& context() const { return *context_; }
  /// The text of `client_ca_file`, to see whether it has changed; empty: none.
  [[nodiscard]] const std::string& client_authorities() const { return client_authorities_; }

 private:
  ServerTls();
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::string client_authorities_;
};

}  // namespace escrow::transport
