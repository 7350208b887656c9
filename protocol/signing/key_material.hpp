#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// What signing and verifying keys have in common.
namespace escrow::protocol::signing {

inline constexpr std::string_view secret_prefix = "whsec_";
inline constexpr std::string_view private_prefix = "whsk_";
inline constexpr std::string_view public_prefix = "whpk_";
inline constexpr std::string_view hmac_version = "v1";
inline constexpr std::string_view ed25519_version = "v1a";

/// Bytes that are wiped when the last holder lets go of them.
[[nodiscard]] std::shared_ptr<const std::string> keep_secret(std::string bytes);

/// The bytes of an HMAC secret behind its prefix; nothing where they are not 24 to 64.
[[nodiscard]] std::optional<std::string> secret_bytes(std::string_view text);

/// `id.timestamp.`: what stands before the body in what is signed.
[[nodiscard]] std::string signed_prefix(std::string_view id, std::int64_t timestamp_s);

/// HMAC-SHA256 of both texts one behind the other, 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view prefix, std::string_view body);

}  // namespace escrow::protocol::signing
