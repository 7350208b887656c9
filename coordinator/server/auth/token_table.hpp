#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/auth/role.hpp"
#include "coordinator/server/auth/token.hpp"

/// Who may come in: names with their roles, each known by a token, by a client certificate, or by both together.
namespace escrow::server::auth {

struct TokenEntry {
  /// Whom the history names. Several entries may have one name: that is how a token is replaced without a gap.
  std::string name;
  Role role = Role::read;
  /// Nothing: a certificate alone is enough.
  std::optional<TokenHash> hash = {};
  /// Milliseconds since the Unix epoch; from then on it lets nobody in.
  std::optional<std::int64_t> expires_at = {};
  /// A name in a client certificate with its kind, as `PeerCertificate::names` has them. Beside a hash: the token counts only together with
  /// a certificate that has this name.
  std::optional<std::string> certificate = {};
  /// Its own limits; where it says nothing, everybody's.
  struct OwnLimits {
    std::optional<std::int64_t> rate_per_s;
    std::optional<std::int64_t> burst;
    std::optional<std::int64_t> unfinished_transactions;
    std::optional<std::int64_t> stream_clients;
  } limits = {};
};

/// 1 to 128 characters of `A-Z a-z 0-9 . _ @ -`.
[[nodiscard]] bool is_principal_name(std::string_view text);

/// A certificate's name as the file has it, with its kind: `dns:`, `uri:` or `cn:` in front; without, a name that holds `://` is a URI and
/// any other one a DNS name. Nothing: it is none.
[[nodiscard]] std::optional<std::string> certificate_name(std::string_view text);

class TokenTable {
 public:
  TokenTable() = default;
  explicit TokenTable(std::vector<TokenEntry> entries) : entries_(std::move(entries)) {}

  /// Looks at every entry whatever it finds, so that the time tells nothing about the hashes. Null: none. The pointer lives as long as
  /// the table.
  [[nodiscard]] const TokenEntry* find_token(std::string_view token) const;
  /// Whom a certificate alone lets in.
  struct Holder {
    /// Null: nobody, for want of an entry, or since `has_expired` or `is_ambiguous`.
    const TokenEntry* entry = nullptr;
    bool has_expired = false;
    /// Its names stand in entries of several principals or roles.
    bool is_ambiguous = false;
  };
  [[nodiscard]] Holder find_certificate(const std::vector<std::string>& names, std::int64_t now_ms) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const std::vector<TokenEntry>& entries() const { return entries_; }

 private:
  std::vector<TokenEntry> entries_;
};

/// What an entry's time is against the clock's.
[[nodiscard]] bool has_expired(const TokenEntry& entry, std::int64_t now_ms);

}  // namespace escrow::server::auth
