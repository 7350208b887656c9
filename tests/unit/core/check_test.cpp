#include <catch2/catch.hpp>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::AbortCode;
using protocol::OperationState;

namespace {

/// A two-phase message whose initiator is asked now.
Story asked() {
  Story story(message({"m"}).check(10'000));
  story.pass(Duration(10'000));
  return story;
}

}  // namespace

TEST_CASE("silence is followed by a check and by nothing else", "[core][check]") {
  Story story(message({"m"}).check(10'000));
  CHECK_FALSE(story.transaction.deadline_at.has_value());
  CHECK(story.ready().empty());
  story.pass(Duration(9'999));
  CHECK(story.ready().empty());
  story.pass(Duration(1));
  CHECK(story.ready() == "check");
  CHECK(story.durability() == Durability::none);
  story.pass(Duration(100'000'000));
  CHECK(story.status() == "active");
}

TEST_CASE("a check that says yes commits", "[core][check]") {
  auto story = asked();
  story.serve("check", ok());
  CHECK(story.told() == "check_answered commit_decided");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "m.action");
  CHECK(story.states() == "check=succeeded m.action=waiting");
}

TEST_CASE("a check that says no aborts", "[core][check]") {
  auto story = asked();
  story.serve("check", refused(409));
  CHECK(story.told() == "check_answered abort_decided aborted");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.transaction.abort_reason->code == AbortCode::check_refused);
  CHECK(story.states() == "check=failed m.action=skipped");
}

TEST_CASE("any other answer to a check is no answer and is asked again for ever", "[core][check]") {
  auto story = asked();
  for (int round = 0; round < 8; ++round) {
    for (const auto& outcome : {refused(422), in_progress(425), in_progress(202), postponed(Duration(1)), lost()}) {
      story.serve("check", outcome).wait_for("check");
      REQUIRE(story.status() == "active");
    }
  }
  CHECK(core::has_attention(story.transaction));
  CHECK(story.serve("check", ok()).status() == "committing");
}

TEST_CASE("a check raises attention like a second-phase operation", "[core][check][attention]") {
  auto story = asked();
  if (GENERATE(true, false)) {
    for (int i = 1; i < 10; ++i) story.serve("check", lost()).wait_for("check");
    CHECK_FALSE(core::has_attention(story.transaction));
    story.serve("check", lost());
  } else {
    // A refusal that is no answer: at once.
    story.serve("check", refused(422));
  }
  CHECK(core::has_attention(story.transaction));
  CHECK(story.status() == "active");
  story.commit();
  CHECK(story.told() == "commit_decided attention_cleared");
}

TEST_CASE("the initiator decides before, while and after it is asked", "[core][check]") {
  Story story(message({"m"}).check(10'000));
  if (GENERATE(true, false)) story.pass(Duration(10'000)).call("check");
  SECTION("commit") {
    story.commit();
    CHECK(story.states() == "check=skipped m.action=waiting");
    if (story.operation("check").attempts > 0) CHECK(story.answer("check", refused()).durability() == Durability::none);
    CHECK(story.status() == "committing");
  }
  SECTION("abort") {
    story.abort();
    CHECK(story.states() == "check=skipped m.action=skipped");
    CHECK(story.status() == "aborted");
  }
}

TEST_CASE("an operator answers for the initiator", "[core][check][resolve]") {
  Story story(message({"m"}).check(10'000));
  const bool asked_before = GENERATE(true, false);
  if (asked_before) story.pass(Duration(10'000)).serve("check", lost());
  SECTION("committed") {
    story.resolve("check", true);
    CHECK(story.told() == "operation_resolved commit_decided");
    CHECK(story.status() == "committing");
    CHECK(story.resolve("check", true).refusal().empty());
    CHECK(story.resolve("check", false).refusal() == "not_resolvable");
  }
  SECTION("aborted") {
    story.resolve("check", false);
    CHECK(story.told() == "operation_resolved abort_decided aborted");
    CHECK(story.transaction.abort_reason->code == AbortCode::operator_);
    CHECK(story.resolve("check", false).refusal().empty());
    CHECK(story.resolve("check", true).refusal() == "not_resolvable");
  }
  CHECK(story.history().back().type != protocol::EventType::check_answered);
}

TEST_CASE("after a crash the check is asked again in its own time", "[core][check][crash]") {
  Story story(message({"m"}).check(10'000));
  SECTION("not before") {
    story.crash();
    CHECK(story.ready().empty());
    story.pass(Duration(10'000));
  }
  SECTION("at once if it was being asked") { story.pass(Duration(10'000)).call("check").crash(); }
  CHECK(story.ready() == "check");
}
