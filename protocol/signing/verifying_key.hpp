#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"

struct evp_pkey_st;

namespace escrow::protocol::signing {

/// A key that signatures are checked with: the `whsec_` secret of HMAC itself, or the `whpk_` and base64 of an Ed25519 public key of 32
/// bytes. Copies share the key. Thread-safe.
class VerifyingKey {
 public:
  /// The error is a sentence that holds nothing of the text.
  [[nodiscard]] static Result<VerifyingKey, std::string> parse(std::string_view text);

  /// The same key for calls alone that an initiator may make: `action` and `try` in the phase `forward`.
  [[nodiscard]] VerifyingKey for_forward_calls() const;
  [[nodiscard]] bool is_for_forward_calls() const { return is_for_forward_calls_; }

  /// Whether one of `signatures` (`v1,` or `v1a,` and base64) is this key's. The body is hashed once for a secret, which is compared in
  /// constant time, and once for each signature of the right length for a public key; not at all where none has that length.
  [[nodiscard]] bool verifies_any_of(const std::vector<std::string_view>& signatures, std::string_view id, std::int64_t timestamp_s,
                                     std::string_view body) const;

 private:
  VerifyingKey() = default;
  std::shared_ptr<const std::string> secret_;
  std::shared_ptr<evp_pkey_st> public_key_;
  bool is_for_forward_calls_ = false;
};

}  // namespace escrow::protocol::signing
