#include <escrow/interactive_scope.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <optional>
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

  [[nodiscard]] TccBranch branch(const std::string& id) const {
    return TccBranch(id)
        .try_(participant.url("/" + id + "/try"))
        .confirm(participant.url("/" + id + "/confirm"))
        .cancel(participant.url("/" + id + "/cancel"))
        .payload("{\"of\":\"" + id + "\"}")
        .retry(RetryOptions().initial(1ms).max(2ms).max_attempts(2));
  }
  [[nodiscard]] Status status(const std::string& gid) const { return coordinator.transaction(gid)->status(); }
};

}  // namespace

TEST_CASE("a tcc scope tries, commits and is confirmed", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  world.participant.answers("/a/try", 200, "{\"frozen\": 5}");
  const auto a = scope.try_branch(world.branch("a"));
  REQUIRE(a);
  CHECK(a->output() == "{\"frozen\": 5}");
  REQUIRE(scope.try_branch(world.branch("b")));
  const auto view = scope.commit(10s);
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(world.participant.paths() == Paths{"/a/try", "/b/try", "/a/confirm", "/b/confirm"});
}

TEST_CASE("a branch is registered before its try is sent", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  std::vector<bool> known;
  world.participant.on_call([&](const Participant::Call& call) {
    if (call.header("Escrow-Operation") != "try") return;
    const auto view = world.coordinator.transaction(call.header("Escrow-Gid"));
    known.push_back(view && view->branch(call.header("Escrow-Branch")) != nullptr);
  });
  REQUIRE(scope.try_branch(world.branch("a")));
  REQUIRE(scope.try_branch(world.branch("b")));
  CHECK(known == std::vector<bool>{true, true});
}

TEST_CASE("a try carries the headers of the protocol, the same key and its own count", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, Tcc("transfer").gid("g-1").header("X-Tenant", "t"));
  world.participant.answers("/a/try", 500);
  const auto answer = scope.try_branch(world.branch("a").header("X-Branch", "b"));
  REQUIRE(answer);
  CHECK(answer->attempts() == 2);
  const auto calls = world.participant.calls();
  REQUIRE(calls.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(calls[i].header("Escrow-Gid") == "g-1");
    CHECK(calls[i].header("Escrow-Branch") == "a");
    CHECK(calls[i].header("Escrow-Operation") == "try");
    CHECK(calls[i].header("Escrow-Phase") == "forward");
    CHECK(calls[i].header("Escrow-Attempt") == std::to_string(i + 1));
    CHECK(calls[i].header("Idempotency-Key") == "g-1/a/try");
    CHECK(calls[i].header("Content-Type") == "application/json");
    CHECK(calls[i].header("X-Tenant") == "t");
    CHECK(calls[i].header("X-Branch") == "b");
    CHECK(calls[i].body == "{\"of\":\"a\"}");
  }
  CHECK(calls[0].header("traceparent").substr(0, 35) == calls[1].header("traceparent").substr(0, 35));
  CHECK(calls[0].header("traceparent") != calls[1].header("traceparent"));
}

TEST_CASE("leaving a scope without commit aborts", "[sdk][scope]") {
  World world;
  std::string gid;
  {
    TccScope scope(world.client, "transfer");
    gid = scope.gid();
    REQUIRE(scope.try_branch(world.branch("a")));
  }
  CHECK(world.status(gid) == Status::aborted);
  CHECK(world.participant.paths() == Paths{"/a/try", "/a/cancel"});
}

TEST_CASE("an exception between try and commit aborts", "[sdk][scope]") {
  World world;
  std::string gid;
  try {
    TccScope scope(world.client, "transfer");
    gid = scope.gid();
    REQUIRE(scope.try_branch(world.branch("a")));
    throw std::runtime_error("business");
  } catch (const std::runtime_error&) {
  }
  CHECK(world.status(gid) == Status::aborted);
}

TEST_CASE("a refused try is told with its reason and forbids the commit", "[sdk][scope]") {
  World world;
  std::string gid;
  {
    TccScope scope(world.client, "transfer");
    gid = scope.gid();
    REQUIRE(scope.try_branch(world.branch("a")));
    const unsigned status = GENERATE(409U, 422U);
    world.participant.answers("/b/try", status, R"({"detail":"out of stock"})");
    const auto answer = scope.try_branch(world.branch("b"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::refused);
    CHECK(answer.error().detail().find("out of stock") != std::string::npos);
    const auto committed = scope.commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().code() == Errc::branch_failed);
    CHECK(world.status(gid) == Status::active);
  }
  CHECK(world.status(gid) == Status::aborted);
}

TEST_CASE("a try without a clear answer is unknown after its attempts and forbids the commit", "[sdk][scope]") {
  World world;
  std::string gid;
  {
    TccScope scope(world.client, "transfer");
    gid = scope.gid();
    world.participant.answers("/a/try", {no_reply(), reply_with(503), reply_with(200)});
    const auto answer = scope.try_branch(world.branch("a"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::unknown_outcome);
    CHECK(scope.commit().error().code() == Errc::branch_failed);
  }
  CHECK(world.status(gid) == Status::aborted);
  CHECK(world.participant.paths() == Paths{"/a/try", "/a/try", "/a/cancel"});
}

TEST_CASE("answers that ask for patience do not use attempts up", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  world.participant.answers("/a/try", {reply_with(202), reply_with(425), reply_with(429), reply_with(202), reply_with(200, "1")});
  const auto answer = scope.try_branch(world.branch("a"));
  REQUIRE(answer);
  CHECK(answer->attempts() == 5);
}

TEST_CASE("calling ends with the transaction's timeout", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, Tcc("transfer").timeout(60ms));
  world.participant.answers("/a/try", 202);
  world.participant.on_call([&](const Participant::Call& call) { world.participant.answers(call.path, 202); });
  const auto answer = scope.try_branch(world.branch("a").retry(RetryOptions().initial(5ms).max(5ms)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == Errc::unknown_outcome);
}

TEST_CASE("several branches are registered together and tried at once", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  world.participant.answers("/b/try", 200, "2");
  const auto answers = scope.try_branches({world.branch("a"), world.branch("b"), world.branch("c")});
  REQUIRE(answers);
  REQUIRE(answers->size() == 3);
  CHECK((*answers)[1].output() == "2");
  CHECK(world.coordinator.requests().size() == 1);
  REQUIRE(scope.commit());
}

TEST_CASE("one refusal among several is the result", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  world.participant.answers("/b/try", 409);
  CHECK(scope.try_branches({world.branch("a"), world.branch("b"), world.branch("c")}).error().code() == Errc::refused);
  CHECK(scope.abort("no")->status() == Status::aborted);
}

TEST_CASE("lost answers to registration and commit are repeated and end well", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  world.coordinator.lose_next_answers();
  REQUIRE(scope.try_branch(world.branch("a")));
  world.coordinator.lose_next_answers();
  REQUIRE(scope.try_branch(world.branch("b")));
  world.coordinator.lose_next_answers();
  const auto view = scope.commit(5s);
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(world.participant.paths() == Paths{"/a/try", "/b/try", "/a/confirm", "/b/confirm"});
}

TEST_CASE("try is not called when the registration is not known to be durable", "[sdk][scope]") {
  World world;
  const Client impatient(ClientOptions().urls(world.coordinator.url()).total_timeout(200ms));
  std::string gid;
  {
    TccScope scope(impatient, "transfer");
    gid = scope.gid();
    REQUIRE(scope.try_branch(world.branch("a")));
    world.coordinator.lose_next_answers(1'000);
    CHECK(scope.try_branch(world.branch("b")).error().code() == Errc::unknown_outcome);
    world.coordinator.lose_next_answers(0);
    // b may be registered and was never tried.
    CHECK(scope.commit().error().code() == Errc::branch_failed);
  }
  CHECK(world.participant.paths().front() == "/a/try");
  CHECK(std::ranges::count(world.participant.paths(), "/b/try") == 0);
  CHECK(world.status(gid) == Status::aborted);
}

TEST_CASE("after the deadline decided nothing is tried any more", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "transfer");
  REQUIRE(scope.try_branch(world.branch("a")));
  world.coordinator.expire(scope.gid());
  CHECK(scope.try_branch(world.branch("b")).error().code() == Errc::already_decided);
  CHECK(scope.commit().error().code() == Errc::already_decided);
  CHECK(world.participant.paths() == Paths{"/a/try", "/a/cancel"});
}

TEST_CASE("a scope that joins a transaction which has ended tries nothing", "[sdk][scope]") {
  World world;
  const Tcc draft = Tcc("transfer").gid("same");
  {
    TccScope first(world.client, draft);
    REQUIRE(first.try_branch(world.branch("a")));
    REQUIRE(first.commit());
  }
  TccScope second(world.client, draft);
  CHECK(second.try_branch(world.branch("a")).error().code() == Errc::already_decided);
  CHECK(std::ranges::count(world.participant.paths(), "/a/try") == 1);
}

TEST_CASE("a commit of unknown outcome is never followed by an abort and can be repeated", "[sdk][scope]") {
  World world;
  const Client impatient(ClientOptions().urls(world.coordinator.url()).total_timeout(200ms));
  const bool repeats = GENERATE(true, false);
  std::string gid;
  {
    TccScope scope(impatient, "transfer");
    gid = scope.gid();
    REQUIRE(scope.try_branch(world.branch("a")));
    world.coordinator.lose_next_requests(1'000);
    const auto answer = scope.commit();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == Errc::unknown_outcome);
    CHECK(answer.error().gid() == gid);
    world.coordinator.lose_next_requests(0);
    if (repeats) CHECK(scope.commit()->will_commit());
  }
  CHECK(world.status(gid) == (repeats ? Status::committed : Status::active));
  for (const auto& request : world.coordinator.requests()) CHECK(request.target().find("/abort") == std::string::npos);
}

TEST_CASE("a moved-from scope does nothing", "[sdk][scope]") {
  World world;
  std::string gid;
  {
    TccScope first(world.client, "transfer");
    REQUIRE(first.try_branch(world.branch("a")));
    TccScope second(std::move(first));
    gid = second.gid();
    CHECK(first.gid().empty());  // NOLINT(bugprone-use-after-move): that is the question
    CHECK(first.commit().error().code() == Errc::invalid_argument);
    CHECK(first.abort().error().code() == Errc::invalid_argument);
    CHECK(first.try_branch(world.branch("b")).error().code() == Errc::invalid_argument);
    CHECK(world.status(gid) == Status::active);
    REQUIRE(second.commit());
  }
  CHECK(world.status(gid) == Status::committed);
}

TEST_CASE("a scope that is assigned over aborts what it had", "[sdk][scope]") {
  World world;
  TccScope scope(world.client, "one");
  const std::string one = scope.gid();
  REQUIRE(scope.try_branch(world.branch("a")));
  scope = TccScope(world.client, "two");
  CHECK(world.status(one) == Status::aborted);
  REQUIRE(scope.try_branch(world.branch("b")));
  REQUIRE(scope.commit());
}

TEST_CASE("a forked child neither commits nor aborts", "[sdk][scope]") {
  World world;
  std::optional<TccScope> scope(std::in_place, world.client, "transfer");
  REQUIRE(scope->try_branch(world.branch("a")));
  const auto before = world.coordinator.requests().size();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool forked = scope->commit().error().code() == Errc::forked && scope->abort().error().code() == Errc::forked &&
                        world.client.get(scope->gid()).error().code() == Errc::forked;
    scope.reset();
    ::_exit(forked ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(world.coordinator.requests().size() == before);
  CHECK(scope->commit()->status() == Status::committed);
}

TEST_CASE("a scope that did nothing sends nothing", "[sdk][scope]") {
  World world;
  {
    const TccScope scope(world.client, "transfer");
  }
  CHECK(world.coordinator.requests().empty());
}

TEST_CASE("a scope survives a coordinator that is gone", "[sdk][scope]") {
  World world;
  {
    TccScope scope(world.client, Tcc("transfer"));
    REQUIRE(scope.try_branch(world.branch("a")));
    world.coordinator.stop();
  }
  SUCCEED("left to the deadline");
}

TEST_CASE("a saga scope undoes in reverse", "[sdk][scope]") {
  World world;
  const auto step = [&](const std::string& id) {
    return Step(id).action(world.participant.url("/" + id + "/do")).compensate(world.participant.url("/" + id + "/undo"));
  };
  {
    SagaScope scope(world.client, "trip");
    REQUIRE(scope.act(step("a")));
    REQUIRE(scope.act(step("b")));
  }
  CHECK(world.participant.paths() == Paths{"/a/do", "/b/do", "/b/undo", "/a/undo"});
}

TEST_CASE("drafts that a scope can't use are told", "[sdk][scope]") {
  World world;
  CHECK_THROWS_AS(TccScope(world.client, Tcc("t").branch(world.branch("a"))), std::invalid_argument);
  TccScope scope(world.client, "t");
  CHECK(scope.try_branch(TccBranch("a").confirm("http://h/").cancel("http://h/")).error().code() == Errc::invalid_argument);
  CHECK(scope.try_branch(world.branch("b").payload("{")).error().code() == Errc::invalid_argument);
  CHECK(world.coordinator.requests().empty());
}
