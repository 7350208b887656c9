#pragma once

#include <string>
#include <string_view>

namespace escrow::protocol::signing {

/// What a signed call is (docs/protocol.md, 4.1), each as it goes over the wire; a header that is not sent is empty. Views: valid as long
/// as what they were taken from.
struct CallIdentity {
  std::string_view method;
  /// Host and port as the URL that is called names them: the header Host, without the scheme's usual port.
  std::string_view authority;
  /// Path and query of the request line, the percent-encoding as it stands there.
  std::string_view target;
  std::string_view gid;
  std::string_view branch;
  std::string_view operation;
  std::string_view phase;
};

/// The header webhook-id of a call: `call_` and the SHA-256, in hexadecimal, of the members above, each on a line, the authority in lower
/// case. It is the same for every attempt, holds no '.', and no two calls share one: so a signature over it is a signature of this call and
/// of no other. Empty: a member holds the end of a line, which is no call at all.
[[nodiscard]] std::string call_id(const CallIdentity& call);

}  // namespace escrow::protocol::signing
