#include "protocol/signing/verifying_key.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "protocol/assert.hpp"
#include "protocol/signing/base64.hpp"
#include "protocol/signing/key_material.hpp"

namespace escrow::protocol::signing {
namespace {

constexpr std::size_t public_key_size = 32;
constexpr std::size_t hmac_size = 32;
constexpr std::size_t ed25519_size = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

bool verifies_ed25519(EVP_PKEY* key, std::string_view signature, std::string_view content) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  ESCROW_ASSERT(context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1);
  const bool is_right = EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(content), content.size()) == 1;
  // A wrong signature leaves words in this thread's queue, which TLS would take for its own.
  if (!is_right) ERR_clear_error();
  return is_right;
}

}  // namespace

Result<VerifyingKey, std::string> VerifyingKey::parse(std::string_view text) {
  VerifyingKey key;
  if (text.starts_with(secret_prefix)) {
    auto bytes = secret_bytes(text.substr(secret_prefix.size()));
    if (!bytes) return std::string("behind whsec_ stands no base64 of 24 to 64 bytes");
    key.secret_ = keep_secret(std::move(*bytes));
    return key;
  }
  if (text.starts_with(private_prefix)) return std::string("whsk_ is the private key of the one who signs: a verifier holds whpk_ only");
  if (!text.starts_with(public_prefix)) return std::string("a key that verifies begins with whsec_ or whpk_");
  const auto bytes = from_base64(text.substr(public_prefix.size()));
  if (!bytes || bytes->size() != public_key_size) return std::string("behind whpk_ stands no base64 of 32 bytes");
  EVP_PKEY* const made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), bytes->size());
  ESCROW_ASSERT(made != nullptr);
  key.public_key_ = std::shared_ptr<EVP_PKEY>(made, &EVP_PKEY_free);
  return key;
}

VerifyingKey VerifyingKey::for_forward_calls() const {
  VerifyingKey key = *this;
  key.is_for_forward_calls_ = true;
  return key;
}

bool VerifyingKey::verifies_any_of(const std::vector<std::string_view>& signatures, std::string_view id, std::int64_t timestamp_s,
                                   std::string_view body) const {
  const std::string_view version = secret_ ? hmac_version : ed25519_version;
  std::vector<std::string> candidates;
  for (const std::string_view signature : signatures) {
    const auto comma = signature.find(',');
    if (comma == std::string_view::npos || signature.substr(0, comma) != version) continue;
    auto given = from_base64(signature.substr(comma + 1));
    if (given && given->size() == (secret_ ? hmac_size : ed25519_size)) candidates.push_back(std::move(*given));
  }
  // Who has nothing that could be right costs no look at the body.
  if (candidates.empty()) return false;

  std::string content = signed_prefix(id, timestamp_s);
  if (secret_) {
    const std::string expected = hmac_sha256(*secret_, content, body);
    return std::ranges::any_of(candidates, [&](const std::string& given) {
      return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
    });
  }
  content += body;
  return std::ranges::any_of(candidates, [&](const std::string& given) { return verifies_ed25519(public_key_.get(), given, content); });
}

}  // namespace escrow::protocol::signing
