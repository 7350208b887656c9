#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/net/message_reader.hpp"
#include "bench/net/poller.hpp"

namespace escrow::bench {

/// What participants of a load answer; the target decides:
/// `/ok...` 200, `/refuse...` 409, `/slow/MS...` 200 after MS milliseconds, `/hang...` never, anything else 404.
/// It keeps no barrier and no database: the work measured is the coordinator's.
class ParticipantServer : public Ready {
 public:
  /// Listens on 127.0.0.1; port 0 takes a free one.
  ParticipantServer(Poller& poller, std::uint16_t port);
  ~ParticipantServer() override;

  std::uint16_t port() const { return port_; }
  std::uint64_t answered() const { return answered_; }

  void ready(std::uint32_t events) override;

 private:
  class Connection;

  Poller& poller_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::uint64_t answered_ = 0;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace escrow::bench
