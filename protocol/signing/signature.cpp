#include "protocol/signing/signature.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "protocol/assert.hpp"
#include "protocol/headers.hpp"
#include "protocol/signing/key_material.hpp"

namespace escrow::protocol::signing {
namespace {

/// Seconds since 1970 as digits and nothing else.
std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  constexpr std::size_t longest = 12;
  if (text.empty() || text.size() > longest) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const auto space = text.find(' ');
    if (space != 0) pieces.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return pieces;
}

bool is_known(std::string_view signature) {
  const auto version = signature.substr(0, signature.find(','));
  return version == hmac_version || version == ed25519_version;
}

bool is_ed25519(std::string_view signature) { return signature.substr(0, signature.find(',')) == ed25519_version; }

/// What an initiator may call itself (docs/protocol.md, 3.3).
bool is_forward_call(const CallIdentity& call) {
  return call.phase == "forward" && (call.operation == "action" || call.operation == "try");
}

SignatureRefusal refuse(SignatureFault fault, std::string detail) { return {fault, std::move(detail)}; }

std::string window_text(std::int64_t seconds, std::string_view side, std::chrono::seconds tolerance) {
  return "signed " + std::to_string(seconds) + " s " + std::string(side) + " this machine's time, and " +
         std::to_string(tolerance.count()) + " s are allowed: ";
}

}  // namespace

std::string_view to_string(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::missing: return "missing";
    case SignatureFault::malformed: return "malformed";
    case SignatureFault::other_call: return "other_call";
    case SignatureFault::not_permitted: return "not_permitted";
    case SignatureFault::no_match: return "no_match";
    case SignatureFault::too_old: return "too_old";
    case SignatureFault::too_new: return "too_new";
  }
  return "";
}

Signature sign_call(const std::vector<SigningKey>& keys, const CallIdentity& call, std::int64_t timestamp_s, std::string_view body) {
  ESCROW_ASSERT(!keys.empty());
  Signature signature;
  signature.id = call_id(call);
  signature.timestamp = std::to_string(timestamp_s);
  for (const SigningKey& key : keys) {
    if (!signature.signatures.empty()) signature.signatures += ' ';
    signature.signatures += key.sign(signature.id, timestamp_s, body);
  }
  return signature;
}

std::optional<SignatureRefusal> refuse_call(const std::vector<VerifyingKey>& keys, const CallIdentity& call, std::string_view body,
                                            const SignatureHeaders& headers, std::int64_t now_s, std::chrono::seconds tolerance) {
  for (const auto& [name, value] : {std::pair{header_webhook_id, headers.id}, std::pair{header_webhook_timestamp, headers.timestamp},
                                    std::pair{header_webhook_signature, headers.signatures}}) {
    if (!value) return refuse(SignatureFault::missing, "the call is not signed: no header " + std::string(name));
  }
  const auto timestamp_s = parse_timestamp(*headers.timestamp);
  if (!timestamp_s) return refuse(SignatureFault::malformed, "webhook-timestamp is no count of seconds since 1970");
  const auto signatures = split(*headers.signatures);
  if (signatures.size() > most_signatures) {
    return refuse(SignatureFault::malformed, "webhook-signature holds more than " + std::to_string(most_signatures) + " signatures");
  }
  if (std::ranges::count_if(signatures, is_ed25519) > std::ptrdiff_t{most_ed25519_signatures}) {
    return refuse(SignatureFault::malformed,
                  "webhook-signature holds more than " + std::to_string(most_ed25519_signatures) + " signatures of version v1a");
  }
  // The id is nobody's secret. What it names is read from the call itself, never from the id.
  const std::string id = call_id(call);
  if (id.empty() || *headers.id != id) {
    return refuse(SignatureFault::other_call,
                  "webhook-id is that of another call: method, host, path with query, gid, branch, operation or phase were changed on the "
                  "way, or the call is replayed as another one");
  }
  if (!std::ranges::any_of(signatures, is_known)) {
    return refuse(SignatureFault::no_match, "webhook-signature holds no signature of version v1 or v1a");
  }
  const auto is_signed_by = [&](bool an_initiator) {
    return std::ranges::any_of(keys, [&](const VerifyingKey& key) {
      return key.is_for_forward_calls() == an_initiator && key.verifies_any_of(signatures, *headers.id, *timestamp_s, body);
    });
  };
  // A key that stands there twice counts as what permits more.
  if (!is_signed_by(false)) {
    if (!is_signed_by(true)) {
      return refuse(SignatureFault::no_match, "no signature of a key that is known here: another key, or the body was changed on the way");
    }
    if (!is_forward_call(call)) {
      return refuse(SignatureFault::not_permitted,
                    "the key that signed it is an initiator's, for action and try alone, and this is another call");
    }
  }
  // Last: what is said of clocks is then said of a call that is certainly the coordinator's.
  if (*timestamp_s < now_s - tolerance.count()) {
    return refuse(SignatureFault::too_old, window_text(now_s - *timestamp_s, "before", tolerance) +
                                               "a replay, or the clock there is slow or the one here fast (compare both with NTP)");
  }
  if (*timestamp_s > now_s + tolerance.count()) {
    return refuse(SignatureFault::too_new, window_text(*timestamp_s - now_s, "after", tolerance) +
                                               "the clock there is fast or the one here slow (compare both with NTP)");
  }
  return std::nullopt;
}

}  // namespace escrow::protocol::signing
