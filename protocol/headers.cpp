#include "protocol/headers.hpp"

#include <algorithm>
#include <array>

namespace escrow::protocol {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 9110 7.6.1 (hop-by-hop), 8.6 and RFC 9112 6 (framing); Expect would change the exchange itself.
constexpr std::array<std::string_view, 19> reserved{"host",
                                                    "content-length",
                                                    "content-type",
                                                    "transfer-encoding",
                                                    "connection",
                                                    "keep-alive",
                                                    "proxy-connection",
                                                    "te",
                                                    "trailer",
                                                    "upgrade",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "expect",
                                                    "idempotency-key",
                                                    header_traceparent,
                                                    header_tracestate,
                                                    header_webhook_id,
                                                    header_webhook_timestamp,
                                                    header_webhook_signature};

}  // namespace

std::string idempotency_key(std::string_view gid, std::string_view branch, OperationName operation) {
  std::string key(gid);
  if (!branch.empty()) key.append("/").append(branch);
  key.append("/").append(to_string(operation));
  return key;
}

bool equal_header_names(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

bool is_reserved_header(std::string_view name) {
  constexpr std::string_view prefix = "escrow-";
  if (name.size() >= prefix.size() && equal_header_names(name.substr(0, prefix.size()), prefix)) return true;
  return std::ranges::any_of(reserved, [name](std::string_view entry) { return equal_header_names(entry, name); });
}

}  // namespace escrow::protocol
