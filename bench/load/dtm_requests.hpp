#pragma once

#include "bench/load/requests.hpp"

namespace escrow::bench {

/// dtm's HTTP protocol, for the same work beside it: waited sagas, and TCC whose branches the initiator registers and tries one by one.
/// Waits for the end where Escrow's initiator does.
class DtmRequests final : public Requests {
 public:
  /// Throws std::invalid_argument for any other scenario.
  explicit DtmRequests(const Options& options);

  std::string start(const std::string& gid, bool refused) const override;
  std::string registration(const std::string& gid, int branch) const override;
  std::string decide(const std::string& gid, bool commits) const override;
  Ending ending(const Message& answer) const override;

 private:
  /// The payload as text inside JSON.
  std::string quoted_payload_;
};

}  // namespace escrow::bench
