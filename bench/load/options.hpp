#pragma once

#include <cstdint>
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
  start_tcc,     ///< an interactive start of a TCC with its branches, and nothing more
};

/// Whose protocol the initiators speak.
enum class Dialect { native, dtm };

struct Options {
  Dialect dialect = Dialect::native;
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
  double drain_s = 30;             ///< how long transactions in hand get to end afterwards; none is started then
  int timeout_ms = 0;              ///< of each transaction; 0: the coordinator's default
  std::uint64_t transactions = 0;  ///< no more than these are begun; 0: as many as time allows
  double rate = 0;                 ///< transactions started a second, in an open loop; 0: a closed loop
  std::string gid_prefix;          ///< makes this run's gids its own
  std::string token;               ///< bearer token, when not empty
};

}  // namespace escrow::bench
