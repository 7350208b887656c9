#include "coordinator/server/auth/token_table.hpp"

#include <algorithm>

namespace escrow::server::auth {

bool is_principal_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '@' || c == '-';
  });
}

bool has_expired(const TokenEntry& entry, std::int64_t now_ms) { return entry.expires_at && now_ms >= *entry.expires_at; }

const TokenEntry* TokenTable::find_token(std::string_view token) const {
  const TokenHash given = hash_of(token);
  const TokenEntry* found = nullptr;
  for (const TokenEntry& entry : entries_) {
    if (entry.hash && equal_in_constant_time(*entry.hash, given)) found = &entry;
  }
  return found;
}

const TokenEntry* TokenTable::find_certificate(std::string_view name, std::int64_t now_ms) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const TokenEntry& entry) { return !entry.hash && entry.certificate == name && !has_expired(entry, now_ms); });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace escrow::server::auth
