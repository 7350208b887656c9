#include "protocol/signing/signing_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

#include "protocol/assert.hpp"
#include "protocol/signing/base64.hpp"
#include "protocol/signing/key_material.hpp"

namespace escrow::protocol::signing {
namespace {

constexpr std::size_t seed_size = 32;
constexpr std::size_t signature_size = 64;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

std::string public_bytes(const EVP_PKEY& key) {
  std::string bytes(seed_size, '\0');
  std::size_t size = bytes.size();
  ESCROW_ASSERT(EVP_PKEY_get_raw_public_key(&key, bytes_of(bytes), &size) == 1 && size == seed_size);
  return bytes;
}

}  // namespace

Result<SigningKey, std::string> SigningKey::parse(std::string_view text) {
  SigningKey key;
  if (text.starts_with(secret_prefix)) {
    auto bytes = secret_bytes(text.substr(secret_prefix.size()));
    if (!bytes) return std::string("behind whsec_ stands no base64 of 24 to 64 bytes");
    key.secret_ = keep_secret(std::move(*bytes));
    return key;
  }
  if (text.starts_with(public_prefix)) return std::string("whpk_ is a public key: it verifies, and signs nothing");
  if (!text.starts_with(private_prefix)) return std::string("a key that signs begins with whsec_ or whsk_");
  auto bytes = from_base64(text.substr(private_prefix.size()));
  if (!bytes || (bytes->size() != seed_size && bytes->size() != 2 * seed_size)) {
    return std::string("behind whsk_ stands no base64 of 32 or 64 bytes");
  }
  EVP_PKEY* const made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), seed_size);
  ESCROW_ASSERT(made != nullptr);
  key.private_key_ = std::shared_ptr<EVP_PKEY>(made, &EVP_PKEY_free);
  const bool belongs = bytes->size() == seed_size || public_bytes(*made) == bytes->substr(seed_size);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!belongs) return std::string("behind whsk_ stand a private and a public key that do not belong together");
  return key;
}

std::string SigningKey::sign(std::string_view id, std::int64_t timestamp_s, std::string_view body) const {
  std::string content = signed_prefix(id, timestamp_s);
  if (secret_) return std::string(hmac_version) + "," + to_base64(hmac_sha256(*secret_, content, body));

  // Ed25519 reads what it signs twice: it must lie in one piece.
  content += body;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string signature(signature_size, '\0');
  std::size_t size = signature.size();
  const bool is_done = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, private_key_.get()) == 1 &&
                       EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(content), content.size()) == 1;
  ESCROW_ASSERT(is_done && size == signature_size);
  return std::string(ed25519_version) + "," + to_base64(signature);
}

std::string SigningKey::verifying_text() const {
  if (secret_) return std::string(secret_prefix) + to_base64(*secret_);
  return std::string(public_prefix) + to_base64(public_bytes(*private_key_));
}

}  // namespace escrow::protocol::signing
