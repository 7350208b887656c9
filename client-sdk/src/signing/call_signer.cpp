#include "client-sdk/src/signing/call_signer.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include "protocol/headers.hpp"
#include "protocol/signing/signature.hpp"

namespace escrow::signing {
namespace {

namespace wire = protocol::signing;

/// The last one of that name is the one that goes out.
std::string_view header_of(const http::Request& request, std::string_view name) {
  std::string_view value;
  for (const auto& [header, text] : request.headers) {
    if (protocol::equal_header_names(header, name)) value = text;
  }
  return value;
}

}  // namespace

void CallSigner::add(std::string_view pattern, std::string_view key) {
  auto destination = wire::TargetPattern::parse(pattern);
  if (!destination) throw std::invalid_argument("calls to " + std::string(pattern) + " can't be signed: " + destination.error());
  auto parsed = wire::SigningKey::parse(key);
  if (!parsed) throw std::invalid_argument("calls to " + std::string(pattern) + " can't be signed: " + parsed.error());
  keys_.emplace_back(std::move(*destination), std::move(*parsed));
}

void CallSigner::sign(http::Request& request) const {
  if (keys_.empty()) return;
  const auto url = protocol::Url::parse(request.url);
  if (!url) return;
  std::vector<wire::SigningKey> keys;
  for (const auto& [pattern, key] : keys_) {
    if (pattern.matches(*url)) keys.push_back(key);
  }
  if (keys.empty()) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const wire::CallIdentity call{request.method,
                                url->host_header(),
                                url->target(),
                                header_of(request, protocol::header_gid),
                                header_of(request, protocol::header_branch),
                                header_of(request, protocol::header_operation),
                                header_of(request, protocol::header_phase)};
  auto signature = wire::sign_call(keys, call, now.count(), request.body);
  request.headers.emplace_back(std::string(protocol::header_webhook_id), std::move(signature.id));
  request.headers.emplace_back(std::string(protocol::header_webhook_timestamp), std::move(signature.timestamp));
  request.headers.emplace_back(std::string(protocol::header_webhook_signature), std::move(signature.signatures));
}

}  // namespace escrow::signing
