#pragma once

#include "bench/load/requests.hpp"

namespace escrow::bench {

/// Escrow's own protocol.
class NativeRequests final : public Requests {
 public:
  using Requests::Requests;

  std::string start(const std::string& gid, bool refused) const override;
  std::string registration(const std::string& gid, int branch) const override;
  std::string decide(const std::string& gid, bool commits) const override;
  Ending ending(const Message& answer) const override;

 private:
  std::string branch(int branch, bool refused) const;
};

}  // namespace escrow::bench
