#pragma once

#include "coordinator/transport/target_credentials.hpp"
#include "coordinator/transport/tls_files.hpp"
#include "protocol/result.hpp"
#include "protocol/url.hpp"

#include <memory>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace escrow::transport {

/// How https participants are verified, and what they are shown, unless an entry of the credentials says otherwise. The host name is
/// always checked.
struct ClientTls {
  /// Authorities besides the system's, PEM; empty: none.
  std::string ca_file;
  /// Our own certificate chain and key, PEM; empty: none.
  std::string certificate_file;
  std::string key_file;
};

/// The TLS of calls, by target, with everything read from its files: TLS 1.2 at least, nothing but HTTP/1.1 is spoken, and sessions are
/// not resumed, so that each connection verifies the certificate anew. Files that change are read by loading another one.
class TargetTls {
 public:
  /// Error: Errc::tls_setup, with the entry, its member and the file.
  static Result<std::shared_ptr<const TargetTls>> load(const ClientTls& general, const TargetCredentials& credentials,
                                                       const PemReader& read = read_pem);
  ~TargetTls();
  TargetTls(const TargetTls&) = delete;
  TargetTls& operator=(const TargetTls&) = delete;

  /// What a connection to this target is made with. It lives as long as this.
  [[nodiscard]] boost::asio::ssl::context& context_for(const protocol::Url& url) const;

 private:
  explicit TargetTls(TargetCredentials targets);

  /// What they match, and nothing else of them.
  TargetCredentials targets_;
  /// As many as there are entries, and the general one behind them. Entries with the same files share one.
  std::vector<std::shared_ptr<boost::asio::ssl::context>> contexts_;
};

}  // namespace escrow::transport
