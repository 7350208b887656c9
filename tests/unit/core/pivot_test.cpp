#include <catch2/catch.hpp>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::AbortCode;
using protocol::Kind;
using protocol::OperationState;
using protocol::Phase;

namespace {

/// tcc a, saga b, pivot p, saga y, tcc z, message m: every kind on both sides of the pivot.
Draft journey(const BranchEdit& kind_of_pivot = pivot) {
  return mixed()
      .with(Kind::tcc, "a")
      .with(Kind::saga, "b")
      .with(Kind::saga, "p", kind_of_pivot)
      .with(Kind::saga, "y")
      .with(Kind::tcc, "z")
      .with(Kind::message, "m");
}

Story at_pivot(const BranchEdit& kind_of_pivot = pivot) {
  Story story(journey(kind_of_pivot));
  story.serve("a.try b.action", ok());
  return story;
}

}  // namespace

TEST_CASE("that the pivot's turn has come is a barrier with its last predecessor or the start", "[core][pivot]") {
  Story story(journey());
  CHECK_FALSE(story.transaction.pivot_reached);
  story.serve("a.try", ok());
  CHECK_FALSE(story.transaction.pivot_reached);
  story.serve("b.action", ok());
  CHECK(story.transaction.pivot_reached);
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "p.action");
  CHECK(Story(saga({}).with(Kind::saga, "p", pivot)).transaction.pivot_reached);
}

TEST_CASE("past the pivot neither timeout nor abort nor attempts have power", "[core][pivot]") {
  auto story = at_pivot();
  SECTION("abort") {
    story.abort();
    CHECK(story.refusal() == "past_pivot");
    story.call("p.action").abort();
    CHECK(story.refusal() == "past_pivot");
  }
  SECTION("timeout") {
    story.pass(Duration(100'000'000));
    CHECK(story.status() == "active");
    CHECK(story.durability() == Durability::none);
  }
  SECTION("attempts") {
    for (int i = 0; i < 40; ++i) story.serve("p.action", lost()).wait_for("p.action");
    CHECK(story.status() == "active");
    CHECK(story.operation("p.action").attempts == 40);
  }
}

TEST_CASE("before the pivot's turn timeout and abort do abort", "[core][pivot]") {
  Story story(journey());
  story.serve("a.try", ok());
  SECTION("abort") { story.abort(); }
  SECTION("timeout") { story.pass(Duration(60'000)); }
  CHECK(story.status() == "aborting");
  CHECK(story.ready() == "a.cancel");
}

TEST_CASE("the pivot raises attention like a second-phase operation", "[core][pivot][attention]") {
  auto story = at_pivot();
  for (int i = 1; i < 10; ++i) {
    story.serve("p.action", lost()).wait_for("p.action");
    CHECK_FALSE(core::has_attention(story.transaction));
  }
  story.serve("p.action", lost());
  CHECK(story.told() == "attempt_failed attention_raised");
  CHECK(core::has_attention(story.transaction));
  story.wait_for("p.action").serve("p.action", ok());
  CHECK(story.told() == "attention_cleared operation_succeeded commit_decided");
  CHECK_FALSE(core::has_attention(story.transaction));
}

TEST_CASE("the pivot's success is the commit decision and confirms of branches tried and messages start then", "[core][pivot]") {
  auto story = at_pivot();
  CHECK(core::phase_of(story.transaction, story.ref("p.action")) == Phase::forward);
  story.serve("p.action", ok());
  CHECK(story.told() == "operation_succeeded commit_decided");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "y.action a.confirm m.action");
  CHECK(core::phase_of(story.transaction, story.ref("y.action")) == Phase::final);
  CHECK(story.state("b.compensate") == OperationState::skipped);
}

TEST_CASE("forward operations behind the pivot are called for ever", "[core][pivot]") {
  auto story = at_pivot();
  story.serve("p.action", ok()).serve("a.confirm m.action", ok());
  story.serve("y.action", refused());
  CHECK(story.told() == "attempt_failed attention_raised");
  CHECK(story.state("y.action") == OperationState::backing_off);
  for (int i = 0; i < 20; ++i) story.wait_for("y.action").serve("y.action", lost());
  CHECK(story.status() == "committing");
  CHECK(story.abort().refusal() == "already_decided");
  story.wait_for("y.action").serve("y.action", ok());
  CHECK(story.ready() == "z.try");
}

TEST_CASE("a tcc branch behind the pivot is confirmed once its own try has succeeded", "[core][pivot]") {
  auto story = at_pivot();
  story.serve("p.action", ok()).serve("a.confirm m.action y.action", ok());
  CHECK(story.ready() == "z.try");
  story.serve("z.try", ok());
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "z.confirm");
  story.serve("z.confirm", ok());
  CHECK(story.status() == "committed");
  CHECK(story.told() == "operation_succeeded committed");
}

TEST_CASE("a pivot refused at once aborts and is skipped", "[core][pivot]") {
  auto story = at_pivot(GENERATE(BranchEdit(pivot), BranchEdit(last_word)));
  story.serve("p.action", refused());
  CHECK(story.status() == "aborting");
  CHECK(story.transaction.abort_reason->code == AbortCode::branch_failed);
  CHECK(story.ready() == "b.compensate");
  story.serve("b.compensate a.cancel", ok());
  CHECK(story.status() == "aborted");
}

TEST_CASE("a pivot refused after an unknown attempt is compensated", "[core][pivot]") {
  auto story = at_pivot();
  story.serve("p.action", lost()).wait_for("p.action").serve("p.action", refused());
  CHECK(story.status() == "aborting");
  CHECK(story.ready() == "p.compensate");
  story.serve("p.compensate b.compensate a.cancel", ok());
  CHECK(story.status() == "aborted");
}

TEST_CASE("a pivot refused after an unknown attempt that nothing can undo stands in attention while the others are undone",
          "[core][pivot]") {
  auto story = at_pivot(last_word);
  story.serve("p.action", GENERATE(lost(), in_progress(), postponed(Duration(10)))).wait_for("p.action").serve("p.action", refused());
  CHECK(story.status() == "aborting");
  CHECK(story.operation("p.action").attention->reason == "refused after an unknown attempt");
  CHECK(story.state("p.action") == OperationState::failed);
  story.serve("b.compensate a.cancel", ok());
  CHECK(story.status() == "aborting");
  CHECK(story.turns().empty());
  CHECK_FALSE(core::due_at(story.transaction).has_value());
  story.retry_now();
  CHECK(story.durability() == Durability::none);
  SECTION("until an operator resolves it") {
    story.resolve("p.action", GENERATE(true, false));
    CHECK(story.told() == "operation_resolved attention_cleared aborted");
    CHECK(story.durability() == Durability::barrier);
    CHECK(story.state("p.action") == OperationState::failed);
  }
  SECTION("after a crash as well") {
    story.crash();
    CHECK(story.status() == "aborting");
    CHECK(core::has_attention(story.transaction));
    story.resolve("p.action", false);
    CHECK(story.status() == "aborted");
  }
}

TEST_CASE("an operator resolves the pivot while the others are still undone", "[core][pivot][resolve]") {
  auto story = at_pivot(last_word);
  story.serve("p.action", lost()).wait_for("p.action").serve("p.action", refused()).resolve("p.action", false);
  CHECK(story.status() == "aborting");
  story.serve("b.compensate a.cancel", ok());
  CHECK(story.status() == "aborted");
}

TEST_CASE("resolving the pivot as succeeded is the commit decision", "[core][pivot][resolve]") {
  auto story = at_pivot();
  const bool called = GENERATE(true, false);
  if (called) story.call("p.action");
  story.resolve("p.action");
  CHECK(story.told() == "operation_resolved commit_decided");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "y.action a.confirm m.action");
  if (called) {
    story.answer("p.action", refused());
    CHECK(story.durability() == Durability::none);
    CHECK(story.status() == "committing");
  }
}

TEST_CASE("resolving the pivot as refused aborts in the operator's name", "[core][pivot][resolve]") {
  auto story = at_pivot();
  SECTION("never called: nothing of it is undone") {
    story.resolve("p.action", false);
    CHECK(story.ready() == "b.compensate");
    CHECK(story.state("p.compensate") == OperationState::skipped);
  }
  SECTION("called: its compensation bars a late effect") {
    story.serve("p.action", lost()).resolve("p.action", false);
    CHECK(story.ready() == "p.compensate");
  }
  SECTION("in a call: the late answer no longer counts") {
    story.call("p.action").resolve("p.action", false);
    CHECK(story.status() == "aborting");
    story.answer("p.action", ok());
    CHECK(story.durability() == Durability::none);
    CHECK(story.state("p.action") == OperationState::failed);
  }
  CHECK(story.transaction.abort_reason->code == AbortCode::operator_);
  CHECK(story.transaction.abort_reason->branch->text() == "p");
  CHECK(story.state("y.action") == OperationState::skipped);
}

TEST_CASE("a pivot in a graph divides what comes before from what comes behind", "[core][pivot]") {
  Story story(mixed()
                  .with(Kind::saga, "behind", after({"p"}))
                  .with(Kind::saga, "p",
                        [](protocol::BranchRequest& branch) {
                          pivot(branch);
                          after({"x", "y"})(branch);
                        })
                  .with(Kind::tcc, "x")
                  .with(Kind::saga, "y"));
  CHECK(story.ready() == "x.try y.action");
  story.serve("x.try", ok());
  CHECK_FALSE(story.transaction.pivot_reached);
  story.serve("y.action", ok());
  CHECK(story.transaction.pivot_reached);
  story.serve("p.action", ok());
  CHECK(story.ready() == "behind.action x.confirm");
}
