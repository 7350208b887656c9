#pragma once

#include "tests/support/raw_server.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace escrow::testing {

/// A certificate with its key, made for a test and kept in files while this lives.
class TestCertificate {
 public:
  /// Signs itself; `names` are host names and addresses, comma-separated as `DNS:localhost,IP:127.0.0.1`.
  explicit TestCertificate(const std::string& names, long valid_for_s = 3600);
  /// Signed by `authority`.
  TestCertificate(const std::string& names, const TestCertificate& authority, long valid_for_s = 3600);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  [[nodiscard]] std::string certificate_file() const { return (folder_ / "certificate.pem").string(); }
  [[nodiscard]] std::string key_file() const { return (folder_ / "key.pem").string(); }

 private:
  void make(const std::string& names, const TestCertificate* authority, long valid_for_s);

  std::filesystem::path folder_;
};

/// The server's end of a TLS connection.
class TlsConnection {
 public:
  virtual ~TlsConnection() = default;
  /// One request with Content-Length; empty: the peer is gone.
  virtual std::string receive_message() = 0;
  virtual bool send(const std::string& bytes) = 0;
  /// Says that nothing follows; without it a close cuts the stream short.
  virtual void send_close_alert() = 0;
  /// The server name that the client asked for; empty: none.
  [[nodiscard]] virtual std::string server_name() const = 0;
  /// The first name (DNS, address or e-mail) in the certificate that the client showed; empty: it showed none.
  [[nodiscard]] virtual std::string client_name() const = 0;
  /// Whether the client showed a certificate.
  [[nodiscard]] virtual bool has_client_certificate() const = 0;
};

/// Plays `script` on every TLS connection whose handshake succeeds. Verifies no client, but asks for a certificate.
[[nodiscard]] RawServer::Script over_tls(const TestCertificate& certificate, std::function<void(TlsConnection&, int number)> script);

/// The same for clients that show a certificate of `clients_authority`, and no others.
[[nodiscard]] RawServer::Script over_mutual_tls(const TestCertificate& certificate, const TestCertificate& clients_authority,
                                                std::function<void(TlsConnection&, int number)> script);

}  // namespace escrow::testing
