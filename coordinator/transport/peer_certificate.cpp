#include "coordinator/transport/peer_certificate.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <string_view>

namespace escrow::transport {
namespace {

void add(std::vector<std::string>& names, std::string_view kind, const ASN1_STRING* text, bool in_lower_case = false) {
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
  const bool is_clean = std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
  if (name.empty() || !is_clean) return;
  std::string& added = names.emplace_back(kind).append(name);
  if (!in_lower_case) return;
  for (char& c : added) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

}  // namespace

PeerCertificate read_certificate(const X509* certificate) {
  PeerCertificate out;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) add(out.names, "dns:", name->d.dNSName, true);
    if (name->type == GEN_URI) add(out.names, "uri:", name->d.uniformResourceIdentifier);
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (place >= 0) add(out.names, "cn:", X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1) out.not_after_ms = std::int64_t{::timegm(&end)} * 1'000;
  return out;
}

}  // namespace escrow::transport
