#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Bearer tokens. A coordinator only ever keeps their SHA-256: they are 256 random bits, so a plain hash can't be turned around, and who
/// reads the file of hashes gets in nowhere.
namespace escrow::server::auth {

using TokenHash = std::array<std::uint8_t, 32>;

/// What may be a token: 32 to 512 characters of RFC 6750's b64token. Shorter ones could be found by trying.
[[nodiscard]] bool is_token(std::string_view text);

/// `esc_` and 256 random bits. Throws std::runtime_error when the system has no randomness.
[[nodiscard]] std::string make_token();

[[nodiscard]] TokenHash hash_of(std::string_view token);
/// `sha256:` and 64 hexadecimal digits.
[[nodiscard]] std::string to_text(const TokenHash& hash);
[[nodiscard]] std::optional<TokenHash> parse_hash(std::string_view text);

/// Takes the same time whatever the two hold.
[[nodiscard]] bool equal_in_constant_time(const TokenHash& a, const TokenHash& b);

}  // namespace escrow::server::auth
