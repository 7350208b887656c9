#include <catch2/catch.hpp>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using protocol::Kind;
using protocol::OperationState;

TEST_CASE("an operator settles a second-phase operation, called already or not", "[core][resolve]") {
  Story story(tcc({"a", "b"}));
  story.serve("a.try b.try", ok());
  SECTION("never called") {}
  SECTION("backing off in attention") { story.serve("a.confirm", refused()); }
  SECTION("in a call") { story.call("a.confirm"); }
  const bool attention = core::has_attention(story.transaction);
  const bool calling = core::is_calling(story.transaction);
  story.resolve("a.confirm");
  CHECK(story.told() == (attention ? "operation_resolved attention_cleared" : "operation_resolved"));
  CHECK(story.decision.history.front().actor == "kim");
  CHECK(story.decision.history.front().detail == "succeeded: by hand");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.state("a.confirm") == OperationState::succeeded);
  if (calling) {
    story.answer("a.confirm", GENERATE(refused(), lost(), ok("{}")));
    CHECK(story.durability() == Durability::none);
    CHECK(story.state("a.confirm") == OperationState::succeeded);
    CHECK(story.operation("a.confirm").output == nullptr);
  }
  CHECK(story.resolve("a.confirm").refusal().empty());
  CHECK(story.durability() == Durability::none);
  story.serve("b.confirm", ok());
  CHECK(story.status() == "committed");
  CHECK(story.resolve("a.confirm").refusal().empty());
  CHECK(story.resolve("b.confirm").refusal() == "not_resolvable");
}

TEST_CASE("the last word of an operator ends the transaction", "[core][resolve]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok()).serve("b.action", refused()).resolve("a.compensate");
  CHECK(story.told() == "operation_resolved aborted");
  CHECK(story.status() == "aborted");
}

TEST_CASE("an undo that is held back can be resolved", "[core][resolve]") {
  Story story(saga({"a", "b", "c"}));
  story.serve("a.action b.action", ok()).serve("c.action", refused()).resolve("a.compensate");
  CHECK(story.refusal().empty());
  CHECK(story.ready() == "b.compensate");
  CHECK(story.serve("b.compensate", ok()).status() == "aborted");
}

TEST_CASE("an undo resolved while its forward call is in flight stays resolved", "[core][resolve]") {
  Story story(tcc({"a", "b"}));
  story.serve("a.try", ok()).call("b.try").abort().resolve("b.cancel");
  CHECK(story.refusal().empty());
  story.answer("b.try", ok());
  CHECK(story.states() == "a.try=succeeded a.confirm=skipped a.cancel=waiting b.try=succeeded b.confirm=skipped b.cancel=succeeded");
  CHECK(story.serve("a.cancel", ok()).status() == "aborted");
}

TEST_CASE("what is not owed cannot be resolved", "[core][resolve]") {
  const auto refuses = [](Story& story, std::string_view operation) {
    INFO(operation);
    CHECK(story.resolve(operation).refusal() == "not_resolvable");
    CHECK(story.resolve(operation, false).refusal() == "not_resolvable");
  };
  SECTION("forward, confirm and undo while active") {
    Story story(tcc({"a"}));
    for (const auto* operation : {"a.try", "a.confirm", "a.cancel"}) refuses(story, operation);
    story.call("a.try");
    refuses(story, "a.try");
  }
  SECTION("a pivot before its turn, and what comes before or behind it") {
    Story story(saga({"a"}).with(Kind::saga, "p", pivot).with({"z"}));
    for (const auto* operation : {"a.action", "p.action", "p.compensate", "z.action"}) refuses(story, operation);
    story.serve("a.action", ok());
    for (const auto* operation : {"a.action", "p.compensate", "z.action"}) refuses(story, operation);
  }
  SECTION("what succeeded or was skipped") {
    Story story(tcc({"a", "b"}));
    story.serve("a.try b.try", ok()).serve("a.confirm", ok());
    for (const auto* operation : {"a.try", "a.confirm", "a.cancel", "b.cancel"}) refuses(story, operation);
  }
  SECTION("forward in flight, confirms and skipped undos while aborting") {
    Story story(tcc({"a", "b", "c"}));
    story.serve("a.try", ok()).call("b.try").abort();
    for (const auto* operation : {"a.try", "b.try", "b.confirm", "c.cancel"}) refuses(story, operation);
  }
  SECTION("a check where there is none") {
    Story story(tcc({"a"}));
    refuses(story, "check");
  }
  SECTION("a check after the decision") {
    Story story(message({"m"}).check());
    story.commit();
    refuses(story, "check");
  }
  SECTION("anything at the end") {
    Story story(saga({"a"}));
    story.serve("a.action", ok());
    refuses(story, "a.action");
    refuses(story, "a.compensate");
  }
}

TEST_CASE("a second-phase operation can only be resolved as done", "[core][resolve]") {
  Story story(message({"m"}));
  story.resolve("m.action", false);
  CHECK(story.refusal() == "invalid");
  CHECK(story.decision.faults.at(0).pointer == "/outcome");
  CHECK(story.state("m.action") == OperationState::waiting);
}

TEST_CASE("the opposite of a word that was given is no repeat of it", "[core][resolve]") {
  Story story(saga({}).with(Kind::saga, "p", pivot).with({"z"}));
  SECTION("committed") {
    story.resolve("p.action", true);
    CHECK(story.resolve("p.action", true).refusal().empty());
    CHECK(story.resolve("p.action", false).refusal() == "not_resolvable");
  }
  SECTION("aborted") {
    story.resolve("p.action", false);
    CHECK(story.resolve("p.action", false).refusal().empty());
    CHECK(story.resolve("p.action", true).refusal() == "not_resolvable");
  }
}

TEST_CASE("an operation behind the pivot is resolved like a second-phase one", "[core][resolve][pivot]") {
  Story story(mixed().with(Kind::saga, "p", pivot).with(Kind::tcc, "z"));
  story.serve("p.action", ok()).serve("z.try", refused()).resolve("z.try");
  CHECK(story.told() == "operation_resolved attention_cleared");
  CHECK(story.ready() == "z.confirm");
}
