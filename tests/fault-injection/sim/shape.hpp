#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/start_request.hpp"
#include "tests/fault-injection/sim/books.hpp"
#include "tests/fault-injection/sim/random.hpp"

/// What transactions look like. Fuzzers fail by lack of shape, so every mode, kind and order is made up here.
namespace escrow::sim {

inline constexpr int services = 3;

struct Shape {
  int transaction = 0;
  std::shared_ptr<const protocol::StartRequest> request;
  /// All branches of an interactive transaction; the first `given` stand in `request` already.
  std::vector<std::shared_ptr<const protocol::BranchRequest>> branches;
  std::size_t given = 0;
  /// The service whose database holds the initiator's own data.
  int home = 0;
  /// What each branch moves, and what the initiator moves in its own local transaction.
  std::vector<Movement> movements;
  Movement own_movement;
};

/// The service that a branch is served by; one that names no URL is called by the initiator at `home`.
[[nodiscard]] int service_of(const protocol::BranchRequest& branch, int home);

/// The shape of one transaction; valid as the validator of the protocol sees it.
[[nodiscard]] Shape make_shape(std::uint64_t seed, int transaction, int most_branches = 1000);

}  // namespace escrow::sim
