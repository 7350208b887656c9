#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/fault-injection/oracles/evidence.hpp"

/// What the proxy wrote down, as evidence: calls as they arrived at a place between the coordinator and its participants.
namespace escrow::passthrough {

struct Wire {
  struct Call {
    std::int64_t at_ms = 0;
    sim::Sent sent;
    std::string key;
  };
  std::vector<Call> calls;
  /// How often each kind of fault struck a request, on any link.
  std::map<std::string, std::size_t> struck;
  std::size_t requests = 0;
};

/// Reads the file that `escrow-fault-proxy --record` wrote.
[[nodiscard]] Wire read_wire(const std::string& path);

/// Log before act (S10), no call after the end (S13), all attempts of an operation the same request (S14), by the wire and the log.
///
/// A call passes the proxy a moment after it was made, and those of a coordinator that died may come when its successor has gone on. So
/// what a call must not come behind is judged by the log as it was `slack` before.
[[nodiscard]] oracles::Violations judge_wire(const Wire& wire, const std::vector<sim::Written>& log);

}  // namespace escrow::passthrough
