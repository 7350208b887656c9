#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace boost::asio::ssl {
class context;
}

/// Certificates, keys and authorities from PEM files into a context of OpenSSL; both directions of TLS need it.
/// Each error is Errc::tls_setup and names the file; none shows a byte of it. A key with a pass phrase is an error: nobody is asked.
namespace escrow::transport {

enum class PemKind : std::uint8_t {
  certificate,
  /// Decides who is believed.
  authorities,
  key
};

/// Reads a whole file, or says why it may not be used. What is used is this text and no second reading of the file, so that it is what was
/// looked at.
using PemReader = std::function<Result<std::string, Error>(const std::string& path, PemKind kind)>;

/// Looks at nothing but whether it can be read.
Result<std::string, Error> read_pem(const std::string& path, PemKind kind);

/// A certificate with the chain above it, and its key, which must belong to it.
Result<void> load_identity(boost::asio::ssl::context& context, const std::string& certificate_file, const std::string& key_file,
                           const PemReader& read);

/// Authorities that the peer's certificate may come from; answers their text.
Result<std::string> load_authorities(boost::asio::ssl::context& context, const std::string& ca_file, const PemReader& read);

}  // namespace escrow::transport
