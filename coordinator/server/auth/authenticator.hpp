#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "coordinator/server/auth/settings.hpp"
#include "coordinator/server/auth/token_table.hpp"
#include "coordinator/server/principal.hpp"
#include "coordinator/transport/http_message.hpp"
#include "protocol/result.hpp"

/// From a request to the principal that it is from. On one thread.
namespace escrow::server::auth {

/// Why nobody is known by the request; the words stand in metrics and log.
enum class Refusal : std::uint8_t {
  /// Neither a token nor a certificate.
  missing,
  /// Several `Authorization` headers, another scheme, or what can't be a token.
  malformed,
  unknown,
  expired,
  /// The token counts only with a client certificate that this connection does not have.
  certificate,
  /// There is no token, and the certificate means nobody.
  unknown_certificate,
  /// It would mean several.
  ambiguous_certificate,
  /// The certificate, its authority's word or its entry has come to its end.
  expired_certificate
};
[[nodiscard]] std::string_view to_string(Refusal refusal);
/// For the caller: a sentence that tells nobody anything but the holder of the token.
[[nodiscard]] std::string_view detail_of(Refusal refusal);

class Authenticator {
 public:
  /// Answers the time in milliseconds since the Unix epoch.
  using Clock = std::function<std::int64_t()>;

  /// Asks nobody: everybody may do everything.
  Authenticator() = default;
  /// Until the first `replace` it knows nobody.
  explicit Authenticator(Clock now, Limits limits = {}) : now_(std::move(now)), limits_(limits) {}

  void replace(TokenTable table) { table_ = std::move(table); }

  [[nodiscard]] bool is_configured() const { return now_ != nullptr; }
  [[nodiscard]] Result<Principal, Refusal> authenticate(const transport::Request& request) const;

 private:
  [[nodiscard]] Result<Principal, Refusal> by_token(std::string_view authorization, const transport::PeerCertificate* peer) const;
  [[nodiscard]] Result<Principal, Refusal> by_certificate(const transport::PeerCertificate& peer) const;

  [[nodiscard]] Principal principal_of(const TokenEntry& entry) const;

  Clock now_;
  Limits limits_;
  TokenTable table_;
};

/// Reads what the settings name. `warn` is told of a file that others may read. Errors are sentences for the log; they hold no token.
[[nodiscard]] Result<TokenTable, Error> read_tokens(const Settings& settings, const std::function<void(std::string_view)>& warn);

}  // namespace escrow::server::auth
