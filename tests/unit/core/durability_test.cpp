#include <catch2/catch.hpp>

#include "tests/unit/core/story.hpp"

/// docs/architecture.md, What must be durable, and when: a test for each row.
using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::Kind;
using protocol::Mode;

TEST_CASE("barrier: start and registration", "[core][durability]") {
  Story story(Draft(Mode::tcc).interactive());
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.add(branch(Kind::tcc, "a", true)).durability() == Durability::barrier);
}

TEST_CASE("barrier: the outcome of a forward operation that another one waits for", "[core][durability]") {
  Story story(saga({"a", "b", "c"}));
  CHECK(story.serve("a.action", ok()).durability() == Durability::barrier);
  Story graph(mixed().with(Kind::saga, "a").with(Kind::saga, "b").with(Kind::saga, "c", after({"a", "b"})).with(Kind::saga, "d"));
  CHECK(graph.serve("a.action", ok()).durability() == Durability::lazy);
  CHECK(graph.serve("d.action", ok()).durability() == Durability::lazy);
  CHECK(graph.serve("b.action", ok()).durability() == Durability::barrier);
}

TEST_CASE("barrier: the turn of the pivot", "[core][durability]") {
  Story story(saga({"a"}).with(Kind::saga, "p", pivot));
  story.serve("a.action", ok());
  CHECK(story.transaction.pivot_reached);
  CHECK(story.durability() == Durability::barrier);
}

TEST_CASE("barrier: commit and abort, however they are decided", "[core][durability]") {
  CHECK(Story(message({"m"})).durability() == Durability::barrier);
  CHECK(Story(saga({"a"})).serve("a.action", ok()).durability() == Durability::barrier);
  CHECK(Story(saga({"a"})).serve("a.action", refused()).durability() == Durability::barrier);
  CHECK(Story(saga({"a"}).max_attempts(1)).serve("a.action", lost()).durability() == Durability::barrier);
  CHECK(Story(saga({"a"})).abort().durability() == Durability::barrier);
  CHECK(Story(saga({"a"})).pass(Duration(60'000)).durability() == Durability::barrier);
  CHECK(Story(tcc({"a"})).serve("a.try", ok()).durability() == Durability::barrier);
  CHECK(Story(Draft(Mode::tcc).interactive().with({"a"})).commit().durability() == Durability::barrier);
  CHECK(Story(Draft(Mode::tcc).interactive().with({"a"})).abort().durability() == Durability::barrier);
  CHECK(Story(message({"m"}).check(1)).pass(Duration(1)).serve("check", ok()).durability() == Durability::barrier);
  CHECK(Story(message({"m"}).check(1)).pass(Duration(1)).serve("check", refused()).durability() == Durability::barrier);
}

TEST_CASE("barrier: what an operator or initiator is told", "[core][durability]") {
  CHECK(Story(message({"m"})).resolve("m.action").durability() == Durability::barrier);
  CHECK(Story(message({"m"})).serve("m.action", lost()).retry_now().durability() == Durability::barrier);
  Story story(Draft(Mode::saga).interactive());
  story.apply(core::Extended{1, std::nullopt});
  CHECK(story.durability() == Durability::barrier);
}

TEST_CASE("lazy: any other outcome, attempts, back-off, attention", "[core][durability]") {
  Story story(tcc({"a", "b"}));
  CHECK(story.serve("a.try", ok()).durability() == Durability::lazy);
  CHECK(story.serve("b.try", lost()).durability() == Durability::lazy);
  CHECK(story.wait_for("b.try").serve("b.try", in_progress()).durability() == Durability::lazy);
  story.wait_for("b.try").serve("b.try", ok());
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.serve("a.confirm", refused()).durability() == Durability::lazy);
  CHECK(story.told() == "attempt_failed attention_raised");
  CHECK(story.serve("b.confirm", ok()).durability() == Durability::lazy);
}

TEST_CASE("lazy: the end behind a decision", "[core][durability]") {
  Story committed(tcc({"a"}));
  committed.serve("a.try", ok()).serve("a.confirm", ok());
  CHECK(committed.status() == "committed");
  CHECK(committed.durability() == Durability::lazy);
  Story aborted(saga({"a", "b"}));
  aborted.serve("a.action", ok()).serve("b.action", refused()).serve("a.compensate", ok());
  CHECK(aborted.status() == "aborted");
  CHECK(aborted.durability() == Durability::lazy);
}

TEST_CASE("nothing: that a call is about to be made", "[core][durability]") {
  CHECK(Story(saga({"a"})).call("a.action").durability() == Durability::none);
  CHECK(Story(saga({"a"})).pass(Duration(1)).durability() == Durability::none);
}
