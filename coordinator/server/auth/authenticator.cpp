#include "coordinator/server/auth/authenticator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/server/auth/tokens_file.hpp"
#include "coordinator/server/reload/guarded_file.hpp"

namespace escrow::server::auth {
namespace {

/// What stands behind `Bearer` and one space or more (RFC 9110, 11.4); empty: another scheme, or no token.
std::string_view bearer_of(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !transport::equals_ignoring_case(authorization.substr(0, space), "Bearer")) return {};
  authorization.remove_prefix(space);
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return is_token(authorization) ? authorization : std::string_view();
}

Error failure(const TokenFaults& faults, std::string_view where) {
  return {std::make_error_code(std::errc::invalid_argument), fmt::format("{}: {}", where, fmt::join(faults, "; "))};
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::missing: return "missing";
    case Refusal::malformed: return "malformed";
    case Refusal::unknown: return "unknown";
    case Refusal::expired: return "expired";
    case Refusal::certificate: return "certificate";
    case Refusal::unknown_certificate: return "unknown_certificate";
    case Refusal::ambiguous_certificate: return "ambiguous_certificate";
    case Refusal::expired_certificate: return "expired_certificate";
  }
  return "missing";
}

std::string_view detail_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::missing: return "the request needs the header Authorization: Bearer TOKEN";
    case Refusal::malformed: return "Authorization must stand once, with the scheme Bearer and one token";
    case Refusal::unknown: return "this token is not known here";
    case Refusal::expired: return "this token has expired";
    case Refusal::certificate: return "this token counts only together with its client certificate";
    case Refusal::unknown_certificate: return "no entry names this client certificate, and there is no header Authorization";
    case Refusal::ambiguous_certificate: return "the names in this client certificate are those of several principals";
    case Refusal::expired_certificate: return "this client certificate counts no longer";
  }
  return {};
}

Result<Principal, Refusal> Authenticator::authenticate(const transport::Request& request) const {
  if (!is_configured()) return Principal();
  const auto authorization = request.headers.find("Authorization");
  if (authorization) {
    if (request.headers.count("Authorization") != 1) return Refusal::malformed;
    return by_token(*authorization, request.peer.get());
  }
  if (!request.peer) return Refusal::missing;
  return by_certificate(*request.peer);
}

Result<Principal, Refusal> Authenticator::by_certificate(const transport::PeerCertificate& peer) const {
  const std::int64_t now = now_();
  if (!peer.counts_at(now)) return Refusal::expired_certificate;
  const TokenTable::Holder holder = table_.find_certificate(peer.names, now);
  if (holder.is_ambiguous) return Refusal::ambiguous_certificate;
  if (holder.entry != nullptr) return principal_of(*holder.entry);
  return holder.has_expired ? Refusal::expired_certificate : Refusal::unknown_certificate;
}

Principal Authenticator::principal_of(const TokenEntry& entry) const {
  Principal principal;
  principal.name = entry.name;
  principal.role = entry.role;
  principal.limits.rate_per_s = entry.limits.rate_per_s.value_or(limits_.rate_per_s);
  principal.limits.burst = entry.limits.burst.value_or(limits_.burst);
  principal.limits.unfinished_transactions = entry.limits.unfinished_transactions.value_or(limits_.unfinished_transactions);
  principal.limits.stream_clients = entry.limits.stream_clients.value_or(limits_.stream_clients);
  return principal;
}

Result<Principal, Refusal> Authenticator::by_token(std::string_view authorization, const transport::PeerCertificate* peer) const {
  const std::string_view token = bearer_of(authorization);
  if (token.empty()) return Refusal::malformed;
  const TokenEntry* const entry = table_.find_token(token);
  if (entry == nullptr) return Refusal::unknown;
  if (has_expired(*entry, now_())) return Refusal::expired;
  if (entry->certificate) {
    const bool is_shown =
        peer != nullptr && peer->counts_at(now_()) && std::ranges::find(peer->names, *entry->certificate) != peer->names.end();
    if (!is_shown) return Refusal::certificate;
  }
  return principal_of(*entry);
}

Result<TokenTable, Error> read_tokens(const Settings& settings, const std::function<void(std::string_view)>& warn) {
  auto entries = parse_token_lines(settings.tokens);
  if (!entries) return failure(entries.error(), "auth.tokens");
  if (settings.tokens_file.empty()) return TokenTable(*std::move(entries));

  const auto file = read_guarded_file(settings.tokens_file, Guard::nobody_writes);
  if (!file) return file.error();
  auto listed = parse_tokens_file(file->text);
  if (!listed) return failure(listed.error(), settings.tokens_file);
  if (file->is_readable_by_others) warn(settings.tokens_file + " can be read by others; it holds only hashes, but names who may come in");
  for (TokenEntry& entry : *listed) entries->push_back(std::move(entry));
  if (const TokenFaults faults = check_entries(*entries); !faults.empty())
    return failure(faults, "auth.tokens and " + settings.tokens_file);
  return TokenTable(*std::move(entries));
}

}  // namespace escrow::server::auth
