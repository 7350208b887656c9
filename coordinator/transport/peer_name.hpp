#pragma once

#include <string>

using X509 = struct x509_st;

namespace escrow::transport {

/// The name by which the holder of a certificate is known: its first DNS name or URI among the subject's alternative names, else its
/// common name. Empty if there is none, or if it has characters that no such name has (a NUL hides the rest of a name from some readers).
[[nodiscard]] std::string name_in(const X509* certificate);

}  // namespace escrow::transport
