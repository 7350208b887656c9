#include <catch2/catch.hpp>

#include "tests/fault-injection/sim/batch.hpp"

using namespace escrow;

namespace {

// A bug may hide for a while; the smoke's own seeds must be enough for each, but for those that have a seed on record.
constexpr std::uint64_t seeds = 1'000;

}  // namespace

TEST_CASE("each planted bug is found by the oracle that is there for it", "[simulation]") {
  for (const auto& planted : sim::planted_bugs()) {
    INFO(planted.name << " is for " << planted.oracle);
    CHECK(sim::first_kill(planted.bug, planted.oracle, planted.first_seed, seeds) > 0);
  }
}
