#include "protocol/signing/key_material.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <utility>

#include "protocol/assert.hpp"
#include "protocol/signing/base64.hpp"

namespace escrow::protocol::signing {
namespace {

constexpr std::size_t shortest_secret = 24;
constexpr std::size_t longest_secret = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

}  // namespace

std::shared_ptr<const std::string> keep_secret(std::string bytes) {
  return {new std::string(std::move(bytes)), [](std::string* held) {
            OPENSSL_cleanse(held->data(), held->size());
            delete held;
          }};
}

std::optional<std::string> secret_bytes(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() < shortest_secret || bytes->size() > longest_secret) return std::nullopt;
  return bytes;
}

std::string signed_prefix(std::string_view id, std::int64_t timestamp_s) {
  std::string text(id);
  text.append(".").append(std::to_string(timestamp_s)).append(".");
  return text;
}

std::string hmac_sha256(std::string_view key, std::string_view prefix, std::string_view body) {
  // Fetched once: looking an algorithm up costs more than a short HMAC.
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  ESCROW_ASSERT(algorithm != nullptr);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(algorithm), &EVP_MAC_CTX_free);
  ESCROW_ASSERT(context != nullptr);
  std::array<char, 7> digest{"SHA256"};
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  std::string code(32, '\0');
  std::size_t size = 0;
  const bool is_done = EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters.data()) == 1 &&
                       EVP_MAC_update(context.get(), bytes_of(prefix), prefix.size()) == 1 &&
                       EVP_MAC_update(context.get(), bytes_of(body), body.size()) == 1 &&
                       // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
                       EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(code.data()), &size, code.size()) == 1;
  ESCROW_ASSERT(is_done && size == code.size());
  return code;
}

}  // namespace escrow::protocol::signing
