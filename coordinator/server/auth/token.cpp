#include "coordinator/server/auth/token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace escrow::server::auth {
namespace {

constexpr std::size_t shortest = 32;
constexpr std::size_t longest = 512;
constexpr std::string_view hash_prefix = "sha256:";
constexpr std::string_view digits = "0123456789abcdef";
/// 32 characters, none that is mistaken for another one; five bits each.
constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t random_characters = 52;  // 260 bits

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

std::optional<std::uint8_t> digit_of(char c) {
  if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  const std::size_t at = digits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

}  // namespace

bool is_token(std::string_view text) {
  if (text.size() < shortest || text.size() > longest) return false;
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

std::string make_token() {
  static_assert(alphabet.size() == 32);
  std::array<unsigned char, random_characters> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::runtime_error("the system has no random bytes");
  std::string out = "esc_";
  for (const unsigned char byte : bytes) out.push_back(alphabet[byte % alphabet.size()]);
  return out;
}

TokenHash hash_of(std::string_view token) {
  TokenHash hash{};
  unsigned int size = 0;
  if (EVP_Digest(token.data(), token.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1 || size != hash.size())
    throw std::runtime_error("SHA-256 is not to be had");
  return hash;
}

std::string to_text(const TokenHash& hash) {
  std::string out(hash_prefix);
  for (const std::uint8_t byte : hash) {
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

std::optional<TokenHash> parse_hash(std::string_view text) {
  if (!text.starts_with(hash_prefix)) return std::nullopt;
  text.remove_prefix(hash_prefix.size());
  TokenHash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto high = digit_of(text[2 * i]);
    const auto low = digit_of(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return hash;
}

bool equal_in_constant_time(const TokenHash& a, const TokenHash& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace escrow::server::auth
