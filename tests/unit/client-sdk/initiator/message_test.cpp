#include <escrow/message.hpp>

#include <catch2/catch.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <stdexcept>

#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::testing;
using namespace std::chrono_literals;

namespace {

using Paths = std::vector<std::string>;

struct World {
  FakeCoordinator coordinator;
  Participant participant;
  Client client{ClientOptions().urls(coordinator.url()).attempt_timeout(2s).total_timeout(5s)};

  [[nodiscard]] Message message() const {
    return Message("order-paid").check(participant.url("/check")).deliver("points", participant.url("/points"), "{\"n\":1}");
  }
  [[nodiscard]] Status status(const std::string& gid) const { return coordinator.transaction(gid)->status(); }
};

}  // namespace

TEST_CASE("a message is prepared before the local transaction and delivered after it", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  const auto view = scope.run(
      [&](const PreparedMessage& prepared) {
        CHECK(world.status(prepared.gid()) == Status::active);
        CHECK(world.participant.paths().empty());
        CHECK(prepared.record([&](const std::string& gid) { return gid; }) == scope.gid());
        return LocalOutcome::committed;
      },
      5s);
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(world.participant.paths() == Paths{"/points"});
}

TEST_CASE("a local transaction that was rolled back aborts the message", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  const auto view = scope.run([](const PreparedMessage& prepared) {
    prepared.record([](const std::string&) { return true; });
    return LocalOutcome::rolled_back;
  });
  REQUIRE(view);
  CHECK(view->status() == Status::aborted);
  CHECK(world.participant.paths().empty());
}

TEST_CASE("a local transaction that throws before its record aborts the message", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  CHECK_THROWS_AS(scope.run([](const PreparedMessage&) -> LocalOutcome { throw std::runtime_error("business"); }), std::runtime_error);
  CHECK(world.status(scope.gid()) == Status::aborted);
}

TEST_CASE("after the record an exception leaves the decision to the check", "[sdk][message]") {
  World world;
  const bool committed = GENERATE(true, false);
  MessageScope scope(world.client, world.message());
  CHECK_THROWS_AS(scope.run([](const PreparedMessage& prepared) -> LocalOutcome {
    prepared.record([](const std::string&) { return true; });
    throw std::runtime_error("the connection was lost while committing");
  }),
                  std::runtime_error);
  CHECK(world.status(scope.gid()) == Status::active);
  world.participant.answers("/check", committed ? 200 : 409);
  world.coordinator.check(scope.gid());
  CHECK(world.status(scope.gid()) == (committed ? Status::committed : Status::aborted));
}

TEST_CASE("the local transaction does not begin when the message could not be prepared", "[sdk][message]") {
  World world;
  world.coordinator.stop();
  const Client client(ClientOptions().urls(world.coordinator.url()).total_timeout(100ms));
  MessageScope scope(client, world.message());
  bool called = false;
  const auto answer = scope.run([&](const PreparedMessage&) {
    called = true;
    return LocalOutcome::committed;
  });
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == Errc::unreachable);
  CHECK_FALSE(called);
}

TEST_CASE("registration is closed from prepare on", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  scope.deliver("mail", world.participant.url("/mail"));
  REQUIRE(scope.prepare());
  CHECK_THROWS_AS(scope.deliver("late", world.participant.url("/late")), std::logic_error);
  REQUIRE(scope.commit(5s));
  CHECK(world.participant.paths() == Paths{"/points", "/mail"});
}

TEST_CASE("a commit whose answer is lost is repeated and delivers once", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  world.coordinator.lose_next_answers();
  REQUIRE(scope.prepare());
  world.coordinator.lose_next_answers();
  REQUIRE(scope.commit());
  CHECK(world.participant.paths() == Paths{"/points"});
}

TEST_CASE("without a coordinator for the commit the check delivers", "[sdk][message]") {
  World world;
  const Client impatient(ClientOptions().urls(world.coordinator.url()).total_timeout(100ms));
  MessageScope scope(impatient, world.message());
  const auto answer = scope.run([&](const PreparedMessage& prepared) {
    prepared.record([](const std::string&) { return true; });
    world.coordinator.lose_next_requests(1'000);
    return LocalOutcome::committed;
  });
  CHECK(answer.error().code() == Errc::unknown_outcome);
  world.coordinator.check(scope.gid());
  CHECK(world.status(scope.gid()) == Status::committed);
  CHECK(world.participant.paths() == Paths{"/check", "/points"});
}

TEST_CASE("a local commit without a record is a defect that shows", "[sdk][message]") {
  World world;
  MessageScope scope(world.client, world.message());
  CHECK_THROWS_AS(scope.run([](const PreparedMessage&) { return LocalOutcome::committed; }), std::logic_error);
  MessageScope other(world.client, world.message());
  CHECK_THROWS_AS(other.commit(), std::logic_error);
  CHECK_THROWS_AS(other.abort(), std::logic_error);
}

TEST_CASE("a message without a check is sent by its start", "[sdk][message]") {
  World world;
  const auto view = world.client.run(Message("m").deliver("points", world.participant.url("/points")));
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
}
