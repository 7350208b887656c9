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

std::optional<std::string> certificate_name(std::string_view text) {
  const bool has_kind = text.starts_with("dns:") || text.starts_with("uri:") || text.starts_with("cn:");
  std::string out = has_kind ? "" : text.find("://") != std::string_view::npos ? "uri:" : "dns:";
  out.append(text);
  if (out.size() == out.find(':') + 1) return std::nullopt;
  if (!std::ranges::all_of(out, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; })) return std::nullopt;
  if (!out.starts_with("dns:")) return out;
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

TokenTable::Holder TokenTable::find_certificate(const std::vector<std::string>& names, std::int64_t now_ms) const {
  Holder holder;
  for (const TokenEntry& entry : entries_) {
    if (entry.hash || !entry.certificate || std::ranges::find(names, *entry.certificate) == names.end()) continue;
    if (has_expired(entry, now_ms)) {
      holder.has_expired = true;
    } else if (holder.entry == nullptr) {
      holder.entry = &entry;
    } else if (holder.entry->name != entry.name || holder.entry->role != entry.role) {
      holder.is_ambiguous = true;
    }
  }
  if (holder.is_ambiguous) holder.entry = nullptr;
  return holder;
}

}  // namespace escrow::server::auth
