#include <catch2/catch.hpp>

#include "coordinator/core/backoff.hpp"
#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::EventType;
using protocol::Kind;
using protocol::OperationState;

namespace {

Duration pause_of(const Story& story, std::string_view operation) { return *story.operation(operation).next_attempt_at - story.now; }

}  // namespace

TEST_CASE("the back-off grows by its multiplier to its longest and is exact without jitter", "[core][backoff]") {
  protocol::RetryPolicy retry;
  retry.jitter = 0;
  const std::vector<int> expected{200, 400, 800, 1600, 3200, 6400, 12'800, 25'600, 30'000, 30'000};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(core::backoff(retry, static_cast<std::int64_t>(i) + 1, 0.7) == Duration(expected[i]));
  CHECK(core::backoff(retry, 1'000'000'000, 0) == Duration(30'000));
  retry.multiplier = 1.5;
  CHECK(core::backoff(retry, 3, 0) == Duration(450));
  retry.multiplier = 1.0;
  CHECK(core::backoff(retry, 50, 0) == Duration(200));
}

TEST_CASE("jitter only shortens and by no more than its share", "[core][backoff]") {
  protocol::RetryPolicy retry;
  retry.jitter = 0.2;
  CHECK(core::backoff(retry, 1, 0) == Duration(200));
  CHECK(core::backoff(retry, 1, 0.5) == Duration(180));
  CHECK(core::backoff(retry, 1, 0.999999) >= Duration(160));
  CHECK(core::backoff(retry, 20, 0.5) == Duration(27'000));
  retry.jitter = 1;
  CHECK(core::backoff(retry, 1, 0.9999999) == Duration(1));
}

TEST_CASE("the pauses of an outage add up without a loop over all of them", "[core][backoff]") {
  protocol::RetryPolicy retry;
  retry.jitter = 0;
  CHECK(core::backoff_sum(retry, 1, 0) == Duration(0));
  CHECK(core::backoff_sum(retry, 1, 3) == Duration(1'400));
  CHECK(core::backoff_sum(retry, 1, 9) == Duration(200 + 400 + 800 + 1600 + 3200 + 6400 + 12'800 + 25'600 + 30'000));
  CHECK(core::backoff_sum(retry, 9, 5) == Duration(150'000));
  CHECK(core::backoff_sum(retry, 1, 9'000'000'000'000'000'000) > Duration(1'000'000'000));
}

TEST_CASE("calls back off by the number of calls made", "[core][backoff]") {
  Story story(saga({"a"}).timeout_ms(10'000'000).max_attempts(0));
  for (const int pause : {200, 400, 800, 1600}) {
    story.serve("a.action", lost());
    CHECK(pause_of(story, "a.action") == Duration(pause));
    CHECK(story.durability() == Durability::lazy);
    CHECK(story.ready().empty());
    story.pass(Duration(pause - 1));
    CHECK(story.ready().empty());
    story.pass(Duration(1));
    CHECK(story.ready() == "a.action");
  }
}

TEST_CASE("the jitter of an answer shortens its pause", "[core][backoff]") {
  Story story(saga({"a"}).edit([](protocol::StartRequest& request) { request.branches[0].retry.jitter = 0.5; }));
  story.jitter = 0.5;
  story.serve("a.action", lost());
  CHECK(pause_of(story, "a.action") == Duration(150));
}

TEST_CASE("Retry-After is honoured up to an hour", "[core][backoff][retry-after]") {
  Story story(message({"m"}));
  SECTION("longer than the back-off: asked again no sooner") {
    story.serve("m.action", postponed(Duration(5'000)));
    CHECK(pause_of(story, "m.action") == Duration(5'000));
  }
  SECTION("shorter than the back-off: the back-off") {
    story.serve("m.action", postponed(Duration(50)));
    CHECK(pause_of(story, "m.action") == Duration(200));
  }
  SECTION("in progress: after it, also if that is sooner") {
    story.serve("m.action", in_progress_for(Duration(50)));
    CHECK(pause_of(story, "m.action") == Duration(50));
  }
  SECTION("in progress without it: the back-off") {
    story.serve("m.action", in_progress(202));
    CHECK(pause_of(story, "m.action") == Duration(200));
  }
  SECTION("beyond an hour: an hour") {
    story.serve("m.action", postponed(std::chrono::hours(48)));
    CHECK(pause_of(story, "m.action") == std::chrono::hours(1));
  }
  SECTION("nothing at all: the back-off") {
    story.serve("m.action", GENERATE(in_progress_for(Duration(0)), postponed(Duration(0))));
    CHECK(pause_of(story, "m.action") == Duration(200));
  }
}

TEST_CASE("Retry-After does not postpone the timeout", "[core][retry-after]") {
  Story story(saga({"a"}));
  story.serve("a.action", postponed(Duration(3'000'000)));
  CHECK(core::next_timer(story.transaction, story.now) == story.now + Duration(60'000));
  story.pass(Duration(60'000));
  CHECK(story.status() == "aborting");
}

TEST_CASE("attention is raised after as many calls as asked for", "[core][attention]") {
  Story story(message({"m"}).attention_after(3));
  story.serve("m.action", lost()).wait_for("m.action").serve("m.action", in_progress()).wait_for("m.action");
  CHECK_FALSE(core::has_attention(story.transaction));
  story.serve("m.action", lost("connection refused"));
  CHECK(story.told() == "attempt_failed attention_raised");
  CHECK(story.operation("m.action").attention->reason == "3 calls without success, the last: connection refused");
  CHECK(story.operation("m.action").attention->since == story.now);
  CHECK(story.durability() == Durability::lazy);
}

TEST_CASE("a definite refusal raises attention at once and calls go on at the longest back-off", "[core][attention]") {
  Story story(message({"m"}));
  story.serve("m.action", refused(GENERATE(409U, 422U)));
  CHECK(story.told() == "attempt_failed attention_raised");
  CHECK(story.state("m.action") == OperationState::backing_off);
  CHECK(pause_of(story, "m.action") == Duration(30'000));
  story.wait_for("m.action").serve("m.action", lost());
  CHECK(pause_of(story, "m.action") == Duration(30'000));
  story.wait_for("m.action").serve("m.action", ok());
  CHECK(story.told() == "attention_cleared operation_succeeded committed");
}

TEST_CASE("undos raise attention and are never given up", "[core][attention]") {
  Story story(saga({"a", "b"}));
  story.serve("a.action", ok()).serve("b.action", refused());
  for (int i = 0; i < 50; ++i) story.serve("a.compensate", lost()).wait_for("a.compensate");
  CHECK(story.status() == "aborting");
  CHECK(core::has_attention(story.transaction));
  story.serve("a.compensate", ok());
  CHECK(story.status() == "aborted");
  CHECK_FALSE(core::has_attention(story.transaction));
}

TEST_CASE("a forward operation in the active phase never raises attention", "[core][attention]") {
  Story story(saga({"a"}).max_attempts(0).timeout_ms(100'000'000).attention_after(1));
  for (int i = 0; i < 20; ++i) story.serve("a.action", lost()).wait_for("a.action");
  story.serve("a.action", in_progress());
  CHECK_FALSE(core::has_attention(story.transaction));
}

TEST_CASE("Retry-After does not postpone attention", "[core][attention][retry-after]") {
  Story story(message({"m"}).attention_after(4));
  const auto start = story.now;
  // Calls would have been made at 0, 200, 600 and 1400 ms; the fourth raises it.
  story.serve("m.action", postponed(Duration(60'000)));
  CHECK(core::next_timer(story.transaction, story.now) == start + Duration(1'400));
  CHECK(core::due_at(story.transaction) == start + Duration(1'400));
  story.pass(Duration(1'399));
  CHECK_FALSE(core::has_attention(story.transaction));
  story.pass(Duration(1));
  CHECK(story.told() == "attention_raised");
  CHECK(story.operation("m.action").attention->reason == "no success so far, the last: 503: later");
  CHECK(story.durability() == Durability::lazy);
  CHECK(story.state("m.action") == OperationState::backing_off);
  CHECK(story.operation("m.action").next_attempt_at == start + Duration(60'000));
}

TEST_CASE("one Retry-After after another does not postpone attention either", "[core][attention][retry-after]") {
  // Without them: calls at 0, 200, 600, 1400, 3000, 6200, 12600, 25400, 51000 and 81000 ms.
  Story story(message({"m"}));
  const auto start = story.now;
  story.serve("m.action", postponed(Duration(60'000))).wait_for("m.action");
  CHECK_FALSE(core::has_attention(story.transaction));
  SECTION("by calls") { story.serve("m.action", postponed(Duration(60'000))); }
  SECTION("by a retry") {
    story.serve("m.action", postponed(Duration(60'000)));
    story.retry_now().serve("m.action", postponed(Duration(60'000)));
  }
  SECTION("while the call hangs") { story.call("m.action"); }
  CHECK(core::next_timer(story.transaction, story.now) == start + Duration(81'000));
  story.pass(Duration(21'000));
  CHECK(core::has_attention(story.transaction));
}

TEST_CASE("after attention equal failures are told by powers of two", "[core][attention][folding]") {
  Story story(message({"m"}).attention_after(1));
  story.serve("m.action", lost());
  CHECK(story.told() == "attempt_failed attention_raised");
  std::vector<int> told;
  for (int i = 1; i <= 64; ++i) {
    story.wait_for("m.action").serve("m.action", lost());
    if (!story.decision.history.empty()) told.push_back(i);
  }
  CHECK(told == std::vector<int>{1, 2, 4, 8, 16, 32, 64});
  SECTION("another failure is told and counts from one") {
    std::vector<int> other;
    for (int i = 1; i <= 9; ++i) {
      story.wait_for("m.action").serve("m.action", lost("connection refused"));
      if (!story.decision.history.empty()) other.push_back(i);
    }
    CHECK(other == std::vector<int>{1, 2, 4, 8});
    CHECK(story.operation("m.action").last_error == "connection refused");
  }
}

TEST_CASE("before attention every failure is told", "[core][attention][folding]") {
  Story story(message({"m"}).attention_after(100));
  for (int i = 0; i < 50; ++i) story.serve("m.action", lost()).wait_for("m.action");
  CHECK(story.times_told(EventType::attempt_failed) == 50);
}

TEST_CASE("retry now makes everything due that backs off", "[core][retry-now]") {
  Story story(tcc({"a", "b", "c"}));
  story.serve("a.try b.try c.try", ok()).serve("a.confirm", postponed(Duration(900'000))).serve("b.confirm", refused()).call("c.confirm");
  CHECK(story.ready().empty());
  story.retry_now();
  CHECK(story.told() == "retried_now");
  CHECK(story.decision.history.front().actor == "kim");
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.ready() == "a.confirm b.confirm");
}

TEST_CASE("retry now is accepted where nothing backs off and refused at the end", "[core][retry-now]") {
  Story story(saga({"a"}));
  story.retry_now();
  CHECK(story.refusal().empty());
  CHECK(story.durability() == Durability::none);
  story.serve("a.action", ok()).retry_now();
  CHECK(story.refusal() == "already_decided");
}
