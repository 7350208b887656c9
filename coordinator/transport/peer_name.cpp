#include "coordinator/transport/peer_name.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace escrow::transport {
namespace {

/// The text if it is a clean one; else nothing.
std::string clean(const ASN1_STRING* text) {
  const std::string_view view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
  const bool is_clean = std::ranges::all_of(view, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
  return is_clean ? std::string(view) : std::string();
}

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

}  // namespace

std::string name_in(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) return clean(name->d.dNSName);
    if (name->type == GEN_URI) return clean(name->d.uniformResourceIdentifier);
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  return place < 0 ? std::string() : clean(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
}

}  // namespace escrow::transport
