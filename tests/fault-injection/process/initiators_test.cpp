#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/stage.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;

TEST_CASE("D03 D04 D05 an initiator that is never heard of again, after whichever of its steps, leaves nothing behind", "[process]") {
  Stage::Wanted wanted;
  wanted.timing.timeout_ms = 700;
  Stage stage(wanted);
  const Urls urls = stage.urls();
  std::vector<Plan> plans;
  // After the start; after each registration; after each try.
  for (const std::size_t branches : {0U, 1U, 2U}) {
    for (const bool is_last_tried : {false, true}) {
      if (branches == 0 && is_last_tried) continue;
      const auto one = stage.take([&](int first) {
        Plan plan = plans_of(Family::tcc, first - 1, urls, wanted.timing).at(1);
        plan.branches.resize(branches);
        plan.declared.resize(branches);
        plan.word = Plan::Word::none;
        plan.is_last_tried = is_last_tried;
        plan.outcome = protocol::Status::aborted;
        return std::vector<Plan>{plan};
      });
      plans.push_back(one.front());
    }
  }
  run_all(stage.initiator(), plans);
  // And one that has somebody.
  stage.play(Family::message);
  CHECK(stage.verdict() == "");
  std::size_t tries = 0;
  std::size_t marks = 0;
  for (const sim::Committed& one : stage.observed().history.committed) {
    tries += one.what == sim::Committed::What::effect && one.operation == protocol::OperationName::try_ ? 1U : 0U;
    marks += one.what == sim::Committed::What::mark ? 1U : 0U;
  }
  // Of five that came to a registration two left their last branch untried: a null compensation each.
  CHECK(tries == 4);
  CHECK(marks == 2);
  for (const Plan& plan : plans) {
    const auto& log = stage.observed().history.log;
    const auto found =
        std::ranges::find_if(log, [&](const auto& value) { return sim::ordinal_of(value->gid().text()) == plan.transaction; });
    REQUIRE(found != log.end());
    CHECK((*found)->status == protocol::Status::aborted);
    CHECK((*found)->branches.size() == plan.branches.size());
  }
}

TEST_CASE("J04 hundreds of connections that never finish their header keep nobody out and are closed in time", "[process]") {
  Stage stage;
  const auto port = stage.coordinator().life().port;
  std::vector<testing::RawSocket> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(testing::RawSocket::connect(port));
    CHECK(slow.back().send("GET /v1/transactions HT"));
  }
  for (const Family family : families) {
    stage.play(family);
    for (const auto& socket : slow) (void)socket.send("x");
  }
  // Each drips on, and its time runs from its first byte all the same: ten seconds.
  CHECK((slow.front().wait_for_close() || slow.front().wait_for_close()));
  CHECK((slow.back().wait_for_close() || slow.back().wait_for_close()));
  stage.play(Family::saga);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}
