#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

/// The workload of every mode under a storm: faults on every line, the coordinator killed again and again, or both. Then calm, and the
/// oracles judge what clients, log, wire and participants' files say.
namespace escrow::passthrough {

struct Storm {
  std::uint64_t seed = 1;
  std::chrono::seconds lasts{20};
  int clients = 6;
  /// The proxy's rules; none: nobody stands between.
  std::optional<std::string> rules;
  bool has_kills = false;
  /// These rules leave what the coordinator says as it is.
  bool is_api_clean = false;
};

struct Aftermath {
  /// What the oracles said; empty: nothing.
  std::string verdict;
  std::size_t kills = 0;
  std::size_t transactions = 0;
  std::size_t committed = 0;
  std::size_t aborted = 0;
  std::size_t requests = 0;
  std::map<std::string, std::size_t> struck;
  /// What the coordinator ended with at the SIGTERM of the calm.
  int last_status = -1;
};

/// Throws std::runtime_error when a client does not come to the end of its transaction.
[[nodiscard]] Aftermath weather(const Storm& storm);

/// The swarm with every kind of fault on every link, as the seed draws it.
[[nodiscard]] std::string swarm_rules(std::uint64_t seed);

/// What a storm is drawn from: ESCROW_STORM_SEED, or this.
[[nodiscard]] std::uint64_t storm_seed(std::uint64_t otherwise);
/// How long a storm lasts: ESCROW_STORM_SECONDS, or this.
[[nodiscard]] std::chrono::seconds storm_time(std::chrono::seconds otherwise);

}  // namespace escrow::passthrough
