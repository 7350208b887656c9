#include <catch2/catch.hpp>

#include "coordinator/faults/fault_point.hpp"

TEST_CASE("without the build option a failpoint costs nothing, not even its context", "[faults]") {
  ESCROW_FAULT_POINT("unit.point", this_would_not_compile);
  ESCROW_FAULT_CONTEXT(neither, would_this);
  CHECK(ESCROW_FAULT_ERROR("unit.point", nor_this) == 0);
}
