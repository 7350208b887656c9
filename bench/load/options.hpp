#pragma once

#include <string>
#include <vector>

#include "bench/net/exchange.hpp"

namespace escrow::bench {

/// What the initiators of a load do.
enum class Scenario {
  saga,          ///< a driven saga, waited for
  saga_async,    ///< the same, not waited for
  tcc,           ///< interactive: start, a registration and a try for each branch, commit
  tcc_together,  ///< interactive, with the branches in the start request
  tcc_driven,    ///< the coordinator calls try, too
  message,       ///< a driven two-phase message, waited for
  start,         ///< an interactive start and nothing more
};

struct Options {
  Scenario scenario = Scenario::saga;
  Address coordinator;
  std::vector<Address> participants;  ///< branch i goes to participant i modulo their number
  int branches = 2;
  int clients = 64;
  int payload_bytes = 200;
  double abort_fraction = 0;  ///< of the transactions whose last branch refuses (interactive: that the client aborts)
  std::string path = "/ok";   ///< what the participants are asked; the first one may differ
  std::string first_path;     ///< for branch 0, when not empty
  double warmup_s = 1;
  double seconds = 5;
  double rate = 0;         ///< transactions started a second, in an open loop; 0: a closed loop
  std::string gid_prefix;  ///< makes this run's gids its own
  std::string token;       ///< bearer token, when not empty
};

}  // namespace escrow::bench
