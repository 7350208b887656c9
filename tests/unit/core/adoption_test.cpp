#include <catch2/catch.hpp>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::Kind;
using protocol::OperationState;

TEST_CASE("a call that may have been made before a crash is made again", "[core][crash]") {
  Story story(saga({"a", "b"}));
  if (GENERATE(true, false)) story.call("a.action");
  story.crash();
  CHECK(story.told() == "recovered");
  CHECK(story.durability() == Durability::lazy);
  CHECK(story.ready() == "a.action");
  CHECK(story.state("a.action") == OperationState::waiting);
}

TEST_CASE("whose turn had come before a crash counts as called whatever it answers next", "[core][crash][who]") {
  Story story(saga({"a", "b", "c"}));
  story.serve("a.action", ok()).crash();
  SECTION("refused: undone all the same") {
    story.serve("b.action", refused());
    CHECK(story.states() ==
          "a.action=succeeded a.compensate=waiting b.action=failed b.compensate=waiting c.action=skipped c.compensate=skipped");
  }
  SECTION("aborted before it is called again: undone") {
    story.abort();
    CHECK(story.states() ==
          "a.action=succeeded a.compensate=waiting b.action=unknown b.compensate=waiting c.action=skipped c.compensate=skipped");
  }
  SECTION("timed out while the coordinator was down: undone") {
    story.pass(Duration(60'000));
    CHECK(story.ready() == "b.compensate");
  }
}

TEST_CASE("a lost lazy outcome is no harm", "[core][crash]") {
  Story story(tcc({"a", "b"}));
  story.serve("a.try", ok());
  CHECK(story.durability() == Durability::lazy);
  story.crash_before_lazy_writes();
  CHECK(story.ready() == "a.try b.try");
  story.serve("a.try", ok()).serve("b.try", refused());
  CHECK(story.ready() == "b.cancel a.cancel");
}

TEST_CASE("an abort with a call in flight is undone after a crash", "[core][crash][abort]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok()).call("b.action").abort().crash();
  CHECK(story.states() == "a.action=succeeded a.compensate=waiting b.action=unknown b.compensate=waiting");
  CHECK(story.ready() == "b.compensate");
}

TEST_CASE("an abort with a call in flight that has no undo ends with the crash", "[core][crash][abort]") {
  Story story(saga({}).with(Kind::saga, "a", without_undo));
  story.call("a.action").abort().crash();
  CHECK(story.status() == "aborted");
  CHECK(story.told() == "recovered aborted");
  CHECK(story.durability() == Durability::lazy);
}

TEST_CASE("a back-off survives a crash", "[core][crash][backoff]") {
  Story story(saga({"a"}));
  story.serve("a.action", lost());
  const auto next = story.operation("a.action").next_attempt_at;
  story.crash();
  CHECK(story.ready().empty());
  CHECK(story.operation("a.action").next_attempt_at == next);
  CHECK(story.wait_for("a.action").ready() == "a.action");
}

TEST_CASE("second-phase calls are made again after a crash", "[core][crash]") {
  SECTION("confirms") {
    Story story(tcc({"a", "b"}));
    story.serve("a.try b.try", ok()).serve("a.confirm", ok()).call("b.confirm").crash();
    CHECK(story.ready() == "b.confirm");
  }
  SECTION("undos in their order") {
    Story story(saga({"a", "b", "c"}));
    story.serve("a.action b.action", ok()).serve("c.action", refused()).call("b.compensate").crash();
    CHECK(story.ready() == "b.compensate");
  }
}

TEST_CASE("an undo that was in flight out of its turn is called again when its turn comes", "[core][crash][undo]") {
  // A refused write took memory back to before the undo of c was done, while that of b was open; then both were written.
  Story story(saga({"a", "b", "c", "d"}));
  story.serve("a.action b.action c.action", ok()).serve("d.action", refused());
  story.apply(core::Called{story.ref("b.compensate")});
  story.serve("c.compensate", lost()).crash();
  CHECK(story.turns() == "c.compensate");
  story.wait_for("c.compensate").serve("c.compensate", ok());
  CHECK(story.ready() == "b.compensate");
}

TEST_CASE("after a crash past the pivot it is called until it succeeds or is refused", "[core][crash][pivot]") {
  Story story(mixed().with(Kind::tcc, "a").with(Kind::saga, "p", pivot));
  story.serve("a.try", ok()).crash();
  CHECK(story.transaction.pivot_reached);
  CHECK(story.abort().refusal() == "past_pivot");
  SECTION("refused: it may have been called before, so it is compensated") {
    story.serve("p.action", refused());
    CHECK(story.ready() == "p.compensate");
  }
  SECTION("succeeded") {
    story.serve("p.action", ok());
    CHECK(story.ready() == "a.confirm");
  }
}

TEST_CASE("a pivot without compensation that may have been called before a crash stands in attention when it is refused",
          "[core][crash][pivot]") {
  Story story(saga({}).with(Kind::saga, "p", last_word));
  story.crash().serve("p.action", refused());
  CHECK(story.status() == "aborting");
  CHECK(core::has_attention(story.transaction));
}

TEST_CASE("an interactive transaction is the same after a crash", "[core][crash]") {
  Story story(Draft(protocol::Mode::tcc).interactive().with({"a"}));
  story.crash();
  CHECK(story.status() == "active");
  CHECK(story.ready().empty());
  story.commit();
  CHECK(story.ready() == "a.confirm");
}

TEST_CASE("what is read back in the same run is told to nobody", "[core][crash]") {
  Story story(saga({"a"}));
  story.apply(core::Adopted{false});
  CHECK(story.durability() == Durability::none);
  CHECK(story.told().empty());
}

TEST_CASE("what is read back and due at another time than the log says is written", "[core][crash]") {
  Story story(saga({"a", "b"}).max_attempts(1));
  story.serve("a.action", ok()).serve("b.action", lost());
  REQUIRE(story.ready() == "b.compensate");
  // A call out of its turn, as one that was open when memory went back to before the call that it had waited for.
  story.serve("b.compensate", postponed(core::Duration(60'000)));
  core::find_operation(story.transaction, {0, protocol::Role::undo})->state = protocol::OperationState::calling;
  story.apply(core::Adopted{false});
  CHECK(story.durability() == Durability::lazy);
  CHECK(story.ready().empty());
}

TEST_CASE("a terminal transaction is left alone by recovery", "[core][crash]") {
  Story story(saga({"a"}));
  story.serve("a.action", ok());
  const auto before = dump(story.transaction);
  story.apply(core::Adopted{true});
  CHECK(dump(story.transaction) == before);
}
