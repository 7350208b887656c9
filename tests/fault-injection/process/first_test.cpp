#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

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

TEST_CASE("an abort at a deadline that had not passed, or for an initiator who did not ask for it, is found", "[process]") {
  using namespace escrow;
  Stage stage;
  stage.play(Family::saga);
  REQUIRE(stage.verdict() == "");
  const auto aborted = static_cast<int>(stage.plans().size()) - 1;
  REQUIRE(stage.plans().back().outcome == protocol::Status::aborted);
  const auto judged = [&](protocol::AbortCode code, core::Duration deadline_is_earlier) {
    Observed forged = stage.observed();
    for (sim::Written& write : forged.history.written) {
      if (write.transaction != aborted || !write.value->abort_reason) continue;
      auto value = std::make_shared<core::Transaction>(*write.value);
      value->abort_reason->code = code;
      value->abort_reason->branch.reset();
      REQUIRE(value->deadline_at);
      if (deadline_is_earlier > core::Duration(0)) {
        auto request = std::make_shared<protocol::StartRequest>(*value->request);
        request->timeout_ms -= deadline_is_earlier.count();
        value->request = std::move(request);
        *value->deadline_at -= deadline_is_earlier;
      }
      write.value = std::move(value);
    }
    const auto violations = judge(forged, stage.plans());
    return std::ranges::any_of(violations, [&](const auto& one) { return one.oracle == "outcome" && one.transaction == aborted; });
  };
  CHECK_FALSE(judged(protocol::AbortCode::branch_failed, core::Duration(0)));
  CHECK(judged(protocol::AbortCode::timeout, core::Duration(0)));
  CHECK(judged(protocol::AbortCode::initiator, core::Duration(0)));
  // And one that had passed is nothing.
  CHECK_FALSE(judged(protocol::AbortCode::timeout, core::Duration(120'000)));
}
