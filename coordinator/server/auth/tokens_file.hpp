#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/auth/token_table.hpp"
#include "protocol/result.hpp"

/// How principals are written down: a YAML list in `auth.tokens_file`, or one line each in `auth.tokens`.
namespace escrow::server::auth {

/// At most this many: each is looked at for each request.
inline constexpr std::size_t entry_limit = 10'000;

/// The faults, each with its place (`entry 2: ...`); never a hash or a token.
using TokenFaults = std::vector<std::string>;

/// A list of maps with `name`, `roles` (a word or a list), `hash`, `expires_at`, `certificate`.
[[nodiscard]] Result<std::vector<TokenEntry>, TokenFaults> parse_tokens_file(const std::string& yaml);

/// `NAME:ROLE:sha256:HEX`, several roles joined with `+`.
[[nodiscard]] Result<std::vector<TokenEntry>, TokenFaults> parse_token_lines(const std::vector<std::string>& lines);

/// What several entries must not have in common: one hash.
[[nodiscard]] TokenFaults check_entries(const std::vector<TokenEntry>& entries);

}  // namespace escrow::server::auth
