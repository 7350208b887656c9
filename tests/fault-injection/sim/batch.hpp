#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/oracles/sometimes.hpp"
#include "tests/fault-injection/sim/world.hpp"

/// Many runs, one after the other, and what the oracles say of them.
namespace escrow::sim {

struct Verdict {
  std::uint64_t seed = 0;
  oracles::Violations violations;
  std::uint64_t hash = 0;
};

/// Runs one seed and judges it; what happened in it is added to `tally`.
[[nodiscard]] Verdict run_seed(std::uint64_t seed, Bug bug, oracles::Tally& tally);

/// The violations of a run, a line each, and the command that replays it.
[[nodiscard]] std::string report(const Verdict& verdict, std::string_view bug = {});

/// The first seed in [first, first + count) that makes `oracle` find this bug; 0: none did.
[[nodiscard]] std::uint64_t first_kill(Bug bug, std::string_view oracle, std::uint64_t first, std::uint64_t count);

}  // namespace escrow::sim
