#include <catch2/catch.hpp>

#include "tests/fault-injection/process/stage.hpp"

using namespace escrow::processes;

TEST_CASE("transactions of every family end as planned on real processes and the oracles agree", "[process]") {
  Stage stage;
  for (const Family family : families) stage.play(family);
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
  CHECK(stage.observed().history.written.size() > 30);
  CHECK(stage.observed().history.committed.size() > 30);
  CHECK(stage.observed().history.log.size() == stage.plans().size());
}
