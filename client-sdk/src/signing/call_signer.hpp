#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "client-sdk/src/http/exchange.hpp"
#include "protocol/signing/signing_key.hpp"
#include "protocol/signing/target_pattern.hpp"

namespace escrow::signing {

/// Signs the calls that an interactive initiator, or the fake coordinator, makes to participants as the coordinator signs its own.
class CallSigner {
 public:
  CallSigner() = default;
  /// Calls to destinations that match `pattern` are signed with this key, too. Throws std::invalid_argument.
  void add(std::string_view pattern, std::string_view key);
  /// Puts the three headers into a request whose other headers, URL and body are final; the time is now. Without a key: nothing.
  void sign(http::Request& request) const;

 private:
  std::vector<std::pair<protocol::signing::TargetPattern, protocol::signing::SigningKey>> keys_;
};

}  // namespace escrow::signing
