#include <escrow/testing/fake_coordinator.hpp>

#include <catch2/catch.hpp>
#include <escrow/client.hpp>
#include <escrow/saga.hpp>
#include <escrow/tcc.hpp>

#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::testing;
using namespace std::chrono_literals;

namespace {

using Paths = std::vector<std::string>;

struct World {
  FakeCoordinator coordinator;
  Participant participant;
  Client client{ClientOptions().urls(coordinator.url())};

  [[nodiscard]] Step step(const std::string& id) const {
    return Step(id).action(participant.url("/" + id)).compensate(participant.url("/undo-" + id));
  }
  [[nodiscard]] TccBranch branch(const std::string& id) const {
    return TccBranch(id)
        .try_(participant.url("/try-" + id))
        .confirm(participant.url("/confirm-" + id))
        .cancel(participant.url("/cancel-" + id));
  }
};

}  // namespace

TEST_CASE("the fake undoes what was done in reverse and skips what was refused", "[sdk][fake]") {
  World world;
  world.participant.answers("/c", 409);
  const auto view = world.client.run(Saga().step(world.step("a")).step(world.step("b")).step(world.step("c")));
  REQUIRE(view);
  CHECK(view->status() == Status::aborted);
  CHECK(view->abort_reason()->code() == AbortCode::branch_failed);
  CHECK(view->abort_reason()->branch() == "c");
  CHECK(view->branch("c")->operation(Operation::compensate)->state() == OperationState::skipped);
  CHECK(world.participant.paths() == Paths{"/a", "/b", "/c", "/undo-b", "/undo-a"});
}

TEST_CASE("the fake undoes what may have happened", "[sdk][fake]") {
  World world;
  world.participant.answers("/a", {no_reply(), reply_with(409)});
  const auto view = world.client.run(Saga().step(world.step("a")));
  CHECK(view->status() == Status::aborted);
  CHECK(world.participant.paths() == Paths{"/a", "/a", "/undo-a"});
}

TEST_CASE("the fake gives a forward operation up after its attempts", "[sdk][fake]") {
  World world;
  world.participant.answers("/a", {reply_with(500), reply_with(500), reply_with(200)});
  const auto view = world.client.run(Saga().retry(RetryOptions().max_attempts(2)).step(world.step("a")));
  CHECK(view->abort_reason()->code() == AbortCode::attempts_exhausted);
  CHECK(view->branch("a")->operation(Operation::action)->state() == OperationState::unknown);
}

TEST_CASE("the fake keeps what is not done as attention until it is driven", "[sdk][fake]") {
  World world;
  world.participant.answers("/confirm-a", {reply_with(500), reply_with(500), reply_with(500)});
  const Tcc tcc = Tcc().branch(world.branch("a")).branch(world.branch("b"));
  REQUIRE(world.client.start(tcc));
  auto view = world.coordinator.transaction(tcc.gid());
  CHECK(view->status() == Status::committing);
  REQUIRE(view->attention().size() == 1);
  CHECK(view->attention().front().branch() == "a");
  CHECK(view->branch("b")->operation(Operation::confirm)->state() == OperationState::succeeded);
  world.coordinator.drive(tcc.gid());
  view = world.coordinator.transaction(tcc.gid());
  CHECK(view->status() == Status::committed);
  CHECK(view->attention().empty());
}

TEST_CASE("the fake follows a graph and commits at the pivot", "[sdk][fake]") {
  World world;
  world.participant.answers("/c", {reply_with(409), reply_with(200)});
  const Saga saga = Saga().step(world.step("c").after("b")).step(world.step("b").after("a").pivot()).step(world.step("a"));
  REQUIRE(world.client.start(saga));
  CHECK(world.participant.paths() == Paths{"/a", "/b", "/c"});
  CHECK(world.coordinator.transaction(saga.gid())->status() == Status::committing);
  CHECK(world.client.retry(saga.gid())->status() == Status::committed);
}

TEST_CASE("the fake refuses what the real one refuses", "[sdk][fake]") {
  World world;
  const auto invalid = world.client.start(Saga().step(Step("a").action("ftp://h/")));
  REQUIRE_FALSE(invalid);
  CHECK(invalid.error().code() == Errc::invalid_argument);
  CHECK(invalid.error().faults().front().place() == "/branches/0/action");

  REQUIRE(world.client.run(Saga().gid("g").step(world.step("a"))));
  const auto conflict = world.client.start(Saga().gid("g").step(world.step("b")));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().code() == Errc::gid_conflict);
  CHECK_FALSE(conflict.error().differs().empty());
  CHECK(world.client.commit("g").error().code() == Errc::not_interactive);
  CHECK(world.client.abort("g").error().code() == Errc::already_decided);
  CHECK(world.client.get("nobody").error().code() == Errc::not_found);
}

TEST_CASE("the fake tells which calls it made", "[sdk][fake]") {
  World world;
  world.participant.answers("/a", {reply_with(500)});
  REQUIRE(world.client.run(Saga().gid("g").step(world.step("a"))));
  const auto calls = world.coordinator.calls();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].status() == 500);
  CHECK(calls[1].status() == 200);
  CHECK(calls[1].attempt() == 2);
  CHECK(calls[1].operation() == Operation::action);
  CHECK(world.coordinator.requests().front().method() == "POST");
}
