#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/result.hpp"

struct evp_pkey_st;

namespace escrow::protocol::signing {

/// A key that signs calls, in the spelling of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes (HMAC-SHA256), or `whsk_` and base64
/// of an Ed25519 seed of 32 bytes, also with its public key behind it. Copies share the key, which is wiped from memory with the last one.
/// Thread-safe.
class SigningKey {
 public:
  /// The error is a sentence that holds nothing of the text.
  [[nodiscard]] static Result<SigningKey, std::string> parse(std::string_view text);

  /// One signature of the header webhook-signature: `v1,` or `v1a,` and base64. `timestamp_s` is the header webhook-timestamp.
  [[nodiscard]] std::string sign(std::string_view id, std::int64_t timestamp_s, std::string_view body) const;

  /// What the other side verifies with: `whpk_...` of an Ed25519 key, the secret itself of HMAC.
  [[nodiscard]] std::string verifying_text() const;
  [[nodiscard]] bool is_symmetric() const { return secret_ != nullptr; }

 private:
  SigningKey() = default;
  std::shared_ptr<const std::string> secret_;
  std::shared_ptr<evp_pkey_st> private_key_;
};

}  // namespace escrow::protocol::signing
