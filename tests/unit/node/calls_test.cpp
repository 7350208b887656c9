#include <catch2/catch.hpp>

#include "tests/unit/node/harness.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Kind;
using protocol::Mode;
using protocol::Phase;

namespace {

Harness under_way(const Draft& draft, node::Settings settings = {}) {
  Harness h(settings);
  h.start(draft);
  h.answer_due();
  h.answer_write();
  return h;
}

}  // namespace

TEST_CASE("a call says everything that its request needs", "[node][calls]") {
  auto h = under_way(mixed().with(Kind::saga, "p", pivot).with(Kind::tcc, "z"));
  REQUIRE(h.calls.size() == 1);
  const auto& first = h.calls.front();
  CHECK(first.gid == gid("g"));
  CHECK(first.branch->id == branch_id("p"));
  CHECK(first.operation == protocol::OperationName::action);
  CHECK(first.phase == Phase::forward);
  CHECK(first.attempt == 1);
  CHECK(first.url == "http://saga/p/action");
  CHECK(first.timeout == Duration(3'000));
  h.answer_call(lost());
  h.run_for(Duration(199));
  CHECK(h.calls.empty());
  h.wake_for(Duration(1));
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().attempt == 2);
  h.answer_call(ok());
  h.answer_write();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().phase == Phase::final);
}

TEST_CASE("a check is called without a branch", "[node][calls][check]") {
  auto h = under_way(message({"m"}).check(500));
  CHECK(h.calls.empty());
  h.wake_for(Duration(500));
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().branch == nullptr);
  CHECK(h.calls.front().operation == protocol::OperationName::check);
  CHECK(h.calls.front().url == "http://initiator/check");
  h.answer_call(ok());
  CHECK(h.calls.empty());
  h.settle();
  CHECK(h.times_called("g/m/action") == 1);
}

TEST_CASE("an operator's word for a branch in a call calls nothing of it before that call has ended", "[node][calls][resolve]") {
  auto h = under_way(saga({}).with(Kind::saga, "p", pivot));
  const auto token = h.ask("g", node::Resolve{branch_id("p"), protocol::OperationName::action, false, "enough", "kim"});
  h.answer_write();
  CHECK(h.answer(token) == "aborting");
  CHECK(h.calls.size() == 1);
  h.answer_call(ok());
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().operation == protocol::OperationName::compensate);
}

TEST_CASE("answers to calls that nobody knows are harmless", "[node][calls]") {
  auto h = under_way(saga({"a"}));
  h.step(node::CallEnded{999, ok(), 0});
  h.step(node::WriteAnswered{gid("g"), {}});
  h.step(node::WriteAnswered{gid("nobody"), {}});
  h.step(node::Loaded{gid("g"), store::Found{}});
  CHECK(h.durable_status("g") == "active");
  h.settle();
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("a destination has so many slots and the next call leaves when one is free", "[node][destinations]") {
  node::Settings settings;
  settings.calls_per_destination = 4;
  Harness h(settings);
  h.answer_write([&] {
    h.start(tcc({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}));
    return WriteFate::ok;
  }());
  CHECK(h.calls.size() == 4);
  CHECK(h.inner().open_calls() == 4);
  for (int i = 0; i < 6; ++i) {
    h.answer_call(ok());
    CHECK(h.calls.size() == 4);
  }
  h.settle();
  h.run_for(Duration(100));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.called.size() == 20);
}

TEST_CASE("a call that is held back leaves in its longest back-off at the latest", "[node][destinations]") {
  node::Settings settings;
  settings.calls_per_destination = 1;
  auto h = under_way(tcc({"a", "b"}).pause_ms(100, 700), settings);
  CHECK(h.calls.size() == 1);
  h.wake_for(Duration(699));
  CHECK(h.calls.size() == 1);
  h.wake_for(Duration(1));
  CHECK(h.calls.size() == 2);
}

TEST_CASE("a call that is held back and no longer wanted gives its slot to the next", "[node][destinations]") {
  node::Settings settings;
  settings.calls_per_destination = 1;
  Harness h(settings);
  h.start(saga({"x"}).gid("first"));
  h.answer_due();
  h.answer_write();
  h.start(saga({"x"}).gid("second"));
  h.answer_write();
  h.start(saga({"x"}).gid("third"));
  h.answer_write();
  REQUIRE(h.calls.size() == 1);
  const auto abort = h.ask("second", core::AbortRequested{});
  h.answer_write();
  CHECK(h.answer(abort) == "aborted");
  h.answer_call(ok());
  h.settle();
  CHECK(h.durable_status("third") == "committed");
  CHECK(h.times_called("second/x/action") == 0);
}

TEST_CASE("a destination that fails is given a pause, then one probe, then everything", "[node][destinations][breaker]") {
  node::Settings settings;
  settings.breaker_failures = 3;
  Harness h(settings);
  h.start(tcc({"a", "b", "c"}).gid("dead").max_attempts(0).timeout_ms(10'000'000).pause_ms(60'000, 60'000));
  h.answer_due();
  h.answer_write();
  for (int i = 0; i < 3; ++i) h.answer_call(lost());
  CHECK(h.inner().destinations(h.now).front().breaker == engine::node::BreakerState::open);
  for (const auto* gid : {"one", "two"}) {
    h.start(tcc({"a"}).gid(gid).timeout_ms(10'000'000));
    h.settle();
  }
  CHECK(h.calls.empty());
  h.wake_for(Duration(999));
  CHECK(h.calls.empty());
  h.wake_for(Duration(1));
  CHECK(h.calls.size() == 1);
  SECTION("a failed probe is a new pause") {
    h.answer_call(lost());
    CHECK(h.calls.empty());
    h.wake_for(Duration(1'000));
    CHECK(h.calls.size() == 1);
  }
  SECTION("a good one lets all out") {
    h.answer_call(ok());
    CHECK(h.calls.size() == 1);
  }
  h.run_for(Duration(30'000));
  CHECK(h.durable_status("one") == "committed");
  CHECK(h.durable_status("two") == "committed");
}

TEST_CASE("an operator's retry goes past the breaker and past a Retry-After", "[node][destinations][breaker]") {
  node::Settings settings;
  settings.breaker_failures = 1;
  settings.breaker_pause = Duration(50'000);
  Harness h(settings);
  h.start(message({"m"}));
  h.answer_due();
  h.answer_write();
  h.answer_call(GENERATE(lost(), postponed(Duration(3'000'000))));
  h.settle();
  CHECK(h.calls.empty());
  const auto token = h.ask("g", core::RetriedNow{"kim"});
  while (!h.writes.empty()) h.answer_write();
  CHECK_FALSE(h.answer(token).empty());
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a retry lets out what the breaker holds back before its first call", "[node][destinations][breaker]") {
  node::Settings settings;
  settings.breaker_failures = 1;
  settings.breaker_pause = Duration(50'000);
  Harness h(settings);
  h.start(message({"m"}).gid("dead"));
  h.answer_due();
  h.answer_write();
  h.answer_call(lost());
  h.start(message({"m"}));
  h.settle();
  CHECK(h.times_called("g/m/action") == 0);
  (void)h.ask("g", core::RetriedNow{});
  CHECK(h.times_called("g/m/action") == 1);
  h.answer_call(ok());
  h.run_for(Duration(60'000));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.times_called("g/m/action") == 1);
}

TEST_CASE("many branches behind a few slots all have their turn", "[node][destinations][limit]") {
  Draft draft(Mode::tcc);
  for (int i = 0; i < 400; ++i) draft.with(Kind::tcc, std::to_string(i));
  node::Settings settings;
  settings.calls_per_destination = 64;
  Harness h(settings);
  h.start(draft);
  h.settle();
  h.run_for(Duration(100));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.called.size() == 800);
}
