#pragma once

#include "protocol/result.hpp"

#include <string>

namespace boost::asio::ssl {
class context;
}

/// Certificates, keys and authorities from PEM files into a context of OpenSSL; both directions of TLS need it.
/// Each error is Errc::tls_setup and names the file; none shows a byte of it. A key with a pass phrase is an error: nobody is asked.
namespace escrow::transport {

/// A certificate with the chain above it, and its key, which must belong to it.
Result<void> load_identity(boost::asio::ssl::context& context, const std::string& certificate_file, const std::string& key_file);

/// Authorities that the peer's certificate may come from.
Result<void> load_authorities(boost::asio::ssl::context& context, const std::string& ca_file);

}  // namespace escrow::transport
