#include <catch2/catch.hpp>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::Kind;

namespace {

std::string reason(const Story& story) {
  REQUIRE(story.transaction.abort_reason.has_value());
  const auto& reason = *story.transaction.abort_reason;
  return std::string(to_string(reason.code)) + "/" + (reason.branch ? reason.branch->text() : "") + "/" + reason.detail;
}

}  // namespace

TEST_CASE("the start is a barrier and begins with started", "[core][decision]") {
  Story story(saga({"a"}));
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.told() == "started");
  CHECK(story.status() == "active");
  CHECK(story.transaction.deadline_at == story.now + Duration(60'000));
}

TEST_CASE("a driven message is committed by its start", "[core][decision][message]") {
  Story story(message({"m", "n"}));
  CHECK(story.told() == "started commit_decided");
  CHECK(story.status() == "committing");
  CHECK_FALSE(story.transaction.deadline_at.has_value());
  CHECK(story.ready() == "m.action n.action");
  story.pass(Duration(1'000'000'000));
  CHECK(story.status() == "committing");
  story.serve("n.action m.action", ok());
  CHECK(story.told() == "operation_succeeded committed");
}

TEST_CASE("where nothing is owed after it commit and end are one record", "[core][decision]") {
  Story story(saga({"a"}));
  story.serve("a.action", ok());
  CHECK(story.told() == "operation_succeeded commit_decided committed");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.transaction.finished_at == story.now);
}

TEST_CASE("an abort with nothing to undo still shows decision and end", "[core][decision]") {
  Story story(saga({"a"}));
  story.serve("a.action", refused());
  CHECK(story.told() == "operation_failed abort_decided operation_skipped aborted");
  CHECK(story.durability() == Durability::barrier);
  CHECK(reason(story) == "branch_failed/a/409: no");
}

TEST_CASE("each refusal and the attempts used up abort with their own code", "[core][decision]") {
  Story story(saga({"a", "b"}).max_attempts(2));
  SECTION("409") {
    story.serve("a.action", refused(409));
    CHECK(reason(story) == "branch_failed/a/409: no");
  }
  SECTION("422") {
    story.serve("a.action", refused(422));
    CHECK(reason(story) == "branch_failed/a/422: no");
  }
  SECTION("attempts") {
    story.serve("a.action", lost());
    CHECK(story.told() == "attempt_failed");
    story.wait_for("a.action").serve("a.action", lost());
    CHECK(story.told() == "attempt_failed abort_decided operation_skipped operation_skipped");
    CHECK(reason(story) == "attempts_exhausted/a/timeout");
    CHECK(story.states() == "a.action=unknown a.compensate=waiting b.action=skipped b.compensate=skipped");
  }
  SECTION("initiator") {
    story.apply(core::AbortRequested{protocol::AbortCode::initiator, std::nullopt, "changed my mind"});
    CHECK(reason(story) == "initiator//changed my mind");
    CHECK(story.status() == "aborted");
  }
  SECTION("operator") {
    story.apply(core::AbortRequested{protocol::AbortCode::operator_, "kim", std::nullopt});
    CHECK(reason(story) == "operator//");
    CHECK(story.decision.history.front().actor == "kim");
  }
  SECTION("timeout") {
    story.pass(Duration(59'999));
    CHECK(story.status() == "active");
    story.pass(Duration(1));
    CHECK(story.transaction.abort_reason->code == protocol::AbortCode::timeout);
  }
}

TEST_CASE("the first reason to abort wins", "[core][decision]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok()).call("b.action").abort();
  story.answer("b.action", refused());
  CHECK(reason(story) == "initiator//");
}

TEST_CASE("only what has no definite answer counts for max_attempts", "[core][decision][attempts]") {
  Story story(saga({"a"}).max_attempts(2).timeout_ms(100'000'000));
  for (int i = 0; i < 5; ++i) {
    story.serve("a.action", in_progress()).wait_for("a.action");
    story.serve("a.action", in_progress(202)).wait_for("a.action");
    story.serve("a.action", postponed(Duration(1'000))).wait_for("a.action");
  }
  CHECK(story.status() == "active");
  story.serve("a.action", lost()).wait_for("a.action");
  CHECK(story.status() == "active");
  story.serve("a.action", lost());
  CHECK(story.status() == "aborting");
  CHECK(story.transaction.abort_reason->code == protocol::AbortCode::attempts_exhausted);
  CHECK(story.operation("a.action").attempts == 17);
}

TEST_CASE("without a limit of attempts only refusal or timeout end it", "[core][decision][attempts]") {
  Story story(saga({"a"}).max_attempts(0).timeout_ms(10'000'000));
  for (int i = 0; i < 100; ++i) story.serve("a.action", lost()).wait_for("a.action");
  CHECK(story.status() == "active");
  CHECK_FALSE(core::has_attention(story.transaction));
  story.pass(Duration(10'000'000));
  CHECK(story.status() == "aborting");
}

TEST_CASE("no forward call starts after an abort", "[core][decision][abort]") {
  Story story(tcc({"a", "b", "c"}));
  story.serve("a.try", ok()).serve("b.try", lost()).abort();
  CHECK(story.states() ==
        "a.try=succeeded a.confirm=skipped a.cancel=waiting b.try=unknown b.confirm=skipped b.cancel=waiting "
        "c.try=skipped c.confirm=skipped c.cancel=skipped");
  CHECK(story.ready() == "b.cancel a.cancel");
}

TEST_CASE("a call in flight at an abort ends before its branch is undone and its late answer counts", "[core][decision][abort]") {
  Story story(tcc({"a", "b"}));
  story.serve("a.try", ok()).call("b.try").abort();
  CHECK(story.told() == "abort_decided");
  CHECK(story.state("b.try") == protocol::OperationState::calling);
  CHECK(story.ready() == "a.cancel");
  SECTION("a late success is undone") {
    story.answer("b.try", ok());
    CHECK(story.told() == "operation_succeeded");
    CHECK(story.durability() == Durability::lazy);
    CHECK(story.ready() == "b.cancel a.cancel");
    CHECK(story.states() == "a.try=succeeded a.confirm=skipped a.cancel=waiting b.try=succeeded b.confirm=skipped b.cancel=waiting");
  }
  SECTION("a late refusal is skipped") {
    story.answer("b.try", refused());
    CHECK(story.told() == "operation_failed operation_skipped");
    CHECK(story.states() == "a.try=succeeded a.confirm=skipped a.cancel=waiting b.try=failed b.confirm=skipped b.cancel=skipped");
  }
  SECTION("a late answer that says nothing is undone") {
    const auto outcome = GENERATE(lost(), in_progress(), in_progress(202), postponed(Duration(5'000)));
    story.answer("b.try", outcome);
    CHECK(story.told() == "attempt_failed");
    CHECK(story.state("b.try") == protocol::OperationState::unknown);
    CHECK(story.ready() == "b.cancel a.cancel");
  }
}

TEST_CASE("in a sequence the call in flight holds back the undos before it", "[core][decision][abort]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok()).call("b.action").pass(Duration(60'000));
  CHECK(story.status() == "aborting");
  CHECK(story.ready().empty());
  story.answer("b.action", ok());
  CHECK(story.ready() == "b.compensate");
}

TEST_CASE("the end waits for a call in flight that has nothing to undo", "[core][decision][abort]") {
  Story story(saga({}).with(Kind::saga, "a", without_undo));
  story.call("a.action").abort();
  CHECK(story.status() == "aborting");
  story.answer("a.action", ok());
  CHECK(story.status() == "aborted");
}

TEST_CASE("a refusal after an attempt without definite answer ends the operation but is undone", "[core][decision][who]") {
  const auto first = GENERATE(lost(), in_progress(), in_progress(202), postponed(Duration(100)));
  Story story(saga({"a"}));
  story.serve("a.action", first).wait_for("a.action").serve("a.action", refused());
  CHECK(story.told() == "operation_failed abort_decided");
  CHECK(story.states() == "a.action=failed a.compensate=waiting");
  CHECK(reason(story) == "branch_failed/a/409: no");
  CHECK(story.ready() == "a.compensate");
}

TEST_CASE("who was never called or refused in every attempt is skipped", "[core][decision][who]") {
  Story story(tcc({"a", "b", "c", "d"}));
  story.serve("a.try", ok()).serve("b.try", lost()).serve("c.try", refused());
  CHECK(story.states() ==
        "a.try=succeeded a.confirm=skipped a.cancel=waiting b.try=unknown b.confirm=skipped b.cancel=waiting "
        "c.try=failed c.confirm=skipped c.cancel=skipped d.try=skipped d.confirm=skipped d.cancel=skipped");
}

TEST_CASE("in an interactive transaction every registered branch is undone", "[core][decision][who]") {
  Story story(Draft(protocol::Mode::tcc).interactive().with({"a", "b"}));
  story.abort();
  CHECK(story.states() == "a.confirm=skipped a.cancel=waiting b.confirm=skipped b.cancel=waiting");
  CHECK(story.ready() == "b.cancel a.cancel");
}

TEST_CASE("the timeout runs from the start and has no power after a decision", "[core][decision][timeout]") {
  Story story(tcc({"a"}).timeout_ms(1'000));
  story.serve("a.try", ok());
  CHECK(story.status() == "committing");
  story.pass(Duration(10'000));
  CHECK(story.durability() == Durability::none);
  CHECK(story.status() == "committing");
}

TEST_CASE("an answer in time beats a deadline that is told later", "[core][decision][timeout]") {
  Story story(saga({"a"}).timeout_ms(1'000));
  story.call("a.action");
  story.now += Duration(5'000);
  story.answer("a.action", ok());
  CHECK(story.status() == "committed");
}

TEST_CASE("output is kept with the revision that will record it", "[core][decision]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok("{\"order\":17}"));
  CHECK(*story.operation("a.action").output == "{\"order\":17}");
  CHECK(story.operation("a.action").output_revision == 2);
  story.serve("b.action", ok());
  CHECK(story.operation("b.action").output == nullptr);
  CHECK(story.operation("b.action").output_revision == 0);
}

TEST_CASE("a transaction is due when the first thing is", "[core][due]") {
  Story story(saga({"a", "b"}).timeout_ms(5'000));
  const auto start = story.now;
  CHECK(core::due_at(story.transaction) == start);
  CHECK(core::next_timer(story.transaction, story.now) == start + Duration(5'000));
  story.call("a.action");
  CHECK(core::due_at(story.transaction) == start);
  story.answer("a.action", lost());
  CHECK(core::due_at(story.transaction) == start + Duration(200));
  CHECK(core::next_timer(story.transaction, story.now) == start + Duration(200));
  Story idle(Draft(protocol::Mode::saga).interactive().timeout_ms(700));
  CHECK(core::due_at(idle.transaction) == start + Duration(700));
  Story asked(message({"m"}).check(900));
  CHECK(core::due_at(asked.transaction) == start + Duration(900));
  story.wait_for("a.action").serve("a.action", refused());
  story.serve("a.compensate", ok());
  CHECK_FALSE(core::due_at(story.transaction).has_value());
  CHECK_FALSE(core::next_timer(story.transaction, story.now).has_value());
}
