#include "tests/fault-injection/oracles/calm.hpp"

#include <algorithm>

namespace escrow::oracles {
namespace {

std::optional<core::Time> time_of(const Evidence& evidence, sim::Life::What what) {
  const auto& life = evidence.history().life;
  const auto found = std::ranges::find(life, what, &sim::Life::what);
  return found == life.end() ? std::nullopt : std::optional(found->at);
}

}  // namespace

std::optional<core::Time> settled_at(const Evidence& evidence) {
  // Longer than a drain's grace, any answer of the store, and what a coordinator that was paused is still to take in.
  constexpr core::Duration aftermath{3'000};
  const auto calm = time_of(evidence, sim::Life::What::calm);
  return calm ? std::optional(*calm + aftermath) : std::nullopt;
}

std::optional<core::Time> quiet_at(const Evidence& evidence) { return time_of(evidence, sim::Life::What::quiet); }

const protocol::RetryPolicy& retry_of(const core::Transaction& value, int branch) {
  return branch < 0 ? value.request->retry : value.branches.at(static_cast<std::size_t>(branch)).request->retry;
}

}  // namespace escrow::oracles
