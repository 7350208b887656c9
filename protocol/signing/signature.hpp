#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/signing/call_id.hpp"
#include "protocol/signing/signing_key.hpp"
#include "protocol/signing/verifying_key.hpp"

/// Signed calls (docs/protocol.md, 4.1): Standard Webhooks whose id names the call. No I/O and no clock.
namespace escrow::protocol::signing {

/// How many signatures of one header are looked at; a header with more is refused, since each of them costs the verifier work.
inline constexpr std::size_t most_signatures = 16;
/// How many of them may be of Ed25519: a stranger, who needs no key to send them, has each verified with each key.
inline constexpr std::size_t most_ed25519_signatures = 4;

/// The three headers of a signed call.
struct Signature {
  std::string id;
  std::string timestamp;
  /// One for each key, separated by a space.
  std::string signatures;
};

/// Signs with every key, so that the other side may hold any of them. `keys` must not be empty.
[[nodiscard]] Signature sign_call(const std::vector<SigningKey>& keys, const CallIdentity& call, std::int64_t timestamp_s,
                                  std::string_view body);

/// The headers as they came; nothing where one is missing.
struct SignatureHeaders {
  std::optional<std::string_view> id;
  std::optional<std::string_view> timestamp;
  std::optional<std::string_view> signatures;
};

enum class SignatureFault : std::uint8_t {
  missing,        ///< one of the three headers is not there
  malformed,      ///< a timestamp that is none, too many signatures
  other_call,     ///< the id is not that of this method, host, target, gid, branch, operation and phase
  not_permitted,  ///< rightly signed, with a key that is for forward calls alone
  no_match,       ///< no signature is one of a key that is held here: wrong key, or another body
  too_old,        ///< rightly signed, but longer ago than the tolerance
  too_new         ///< rightly signed, at a time that has not come yet
};
[[nodiscard]] std::string_view to_string(SignatureFault fault);

struct SignatureRefusal {
  SignatureFault fault;
  /// A sentence for people; holds neither keys nor the body.
  std::string detail;
};

/// Nothing: one of `keys` has signed exactly this call and body, not longer than `tolerance` before or after `now_s`.
[[nodiscard]] std::optional<SignatureRefusal> refuse_call(const std::vector<VerifyingKey>& keys, const CallIdentity& call,
                                                          std::string_view body, const SignatureHeaders& headers, std::int64_t now_s,
                                                          std::chrono::seconds tolerance);

}  // namespace escrow::protocol::signing
