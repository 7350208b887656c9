#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/target_credentials.hpp"
#include "protocol/result.hpp"
#include "protocol/signing/signing_key.hpp"

namespace escrow::engine::driver {

/// Which keys sign the calls to which destinations.
class TargetKeys {
 public:
  /// None: nothing is signed.
  TargetKeys() = default;
  /// The entries `signing` of credentials: each has an `id` for people, and `secret` (`whsec_`) or `ed25519` (`whsk_`). The error holds
  /// every fault, as "entry 2, signing 1: ...", and nothing of a key.
  [[nodiscard]] static Result<TargetKeys, std::vector<std::string>> make(const transport::TargetCredentials& credentials);

  /// A sentence for each entry whose keys sign for more than one destination (`*`, `*.HOST`, or a key that another entry has, too), with
  /// nothing of a key. A signature does not say whom it is for: one of those destinations could play coordinator at the others.
  [[nodiscard]] std::vector<std::string> shared_keys() const;

  /// Those of the first entry that matches; null where there are none.
  [[nodiscard]] const std::vector<protocol::signing::SigningKey>* find(const protocol::Url& url) const;

 private:
  /// Without the texts of the keys.
  transport::TargetCredentials targets_;
  /// By the target's place.
  std::vector<std::vector<protocol::signing::SigningKey>> keys_;
};

/// Signs calls (docs/protocol.md, 4.1). One thread.
class CallSigner {
 public:
  /// From the next call on.
  void replace(TargetKeys keys) { keys_ = std::move(keys); }
  /// Adds the three headers if there is a key for the destination; each attempt is signed anew, with `now`. Everything else of the call is
  /// final by then.
  void sign(transport::OutboundCall& call, std::chrono::system_clock::time_point now) const;

 private:
  TargetKeys keys_;
};

}  // namespace escrow::engine::driver
