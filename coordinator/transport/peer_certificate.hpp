#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using X509 = struct x509_st;

namespace escrow::transport {

/// What a client's verified certificate says of who shows it.
struct PeerCertificate {
  /// `dns:` and `uri:` with each such name among the subject's alternative names, then `cn:` with the common name, which whoever asked an
  /// authority for a certificate may have chosen freely. DNS names are in lower case. One with characters that no name has is left out (a
  /// NUL hides the rest of a name from some readers).
  std::vector<std::string> names;
  /// Milliseconds since the Unix epoch; from then on it is nobody's.
  std::int64_t not_after_ms = 0;
  /// Its authority was taken away while the connection was open.
  bool is_withdrawn = false;

  [[nodiscard]] bool counts_at(std::int64_t now_ms) const { return !is_withdrawn && now_ms < not_after_ms; }
};

[[nodiscard]] PeerCertificate read_certificate(const X509* certificate);

}  // namespace escrow::transport
