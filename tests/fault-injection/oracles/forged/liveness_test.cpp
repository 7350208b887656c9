#include <catch2/catch.hpp>

#include "tests/fault-injection/oracles/forged/forged.hpp"

/// Each oracle of what must happen in the end: a forged violation, and the nearest legal history.

using namespace escrow;
using namespace escrow::oracles;
using protocol::Phase;
using protocol::ProblemCode;
using tests::saga;
using tests::tcc;

namespace {

constexpr auto action = OperationName::action;
constexpr auto confirm = OperationName::confirm;

tests::Draft committing() { return tests::Draft(protocol::Mode::tcc).interactive().with({"b0"}).attention_after(3); }

void in_attention(core::Transaction& value) { value.branches[0].confirm->attention = core::Attention{}; }

}  // namespace

TEST_CASE("L1 tells what never ended from what did", "[oracles][L1]") {
  Forged never(saga({"b0"}));
  never.write();
  CHECK(never.found_by("L1") == 1);
  Forged ended(saga({"b0"}));
  ended.write().end(Status::committed);
  CHECK(ended.found_by("L1") == 0);
}

TEST_CASE("L2 tells a refused confirm that nobody is told of from one that is", "[oracles][L2]") {
  const auto refused = [] {
    Forged story(committing());
    story.write(status(Status::committing)).calm().call(0, confirm, Phase::final).ended(Class::refused, 409);
    return story;
  };
  Forged silent = refused();
  silent.write().write();
  CHECK(silent.found_by("L2") == 1);
  Forged told = refused();
  told.write().write(in_attention);
  CHECK(told.found_by("L2") == 0);
}

TEST_CASE("L2 tells calls for attention without a reason from those with one", "[oracles][L2]") {
  Forged without(committing());
  without.write(status(Status::committing)).write(in_attention);
  CHECK(without.found_by("L2") == 1);
  Forged with(committing());
  with.write(status(Status::committing)).call(0, confirm, Phase::final).ended(Class::refused, 409).write(in_attention);
  CHECK(with.found_by("L2") == 0);
  const auto after = [](int calls) {
    Forged story(committing());
    story.write(status(Status::committing));
    for (int attempt = 1; attempt <= calls; ++attempt) story.call(0, confirm, Phase::final, attempt).ended(Class::unknown, 0);
    story.write(in_attention);
    return story.found_by("L2");
  };
  CHECK(after(2) == 1);
  CHECK(after(3) == 0);
}

TEST_CASE("L3 tells who is never answered from who asked a coordinator that died", "[oracles][L3]") {
  Forged never(saga({"b0"}));
  never.write().ask(Ask::look);
  CHECK(never.found_by("L3") == 1);
  Forged died(saga({"b0"}));
  died.write().ask(Ask::look).life(sim::Life::What::crashed);
  CHECK(died.found_by("L3") == 0);
}

TEST_CASE("L3 tells who is turned away in calm from who is in the storm", "[oracles][L3]") {
  Forged in_calm(saga({"b0"}));
  in_calm.write().calm().ask(Ask::look).refuse(ProblemCode::store_unavailable);
  CHECK(in_calm.found_by("L3") == 1);
  Forged in_storm(saga({"b0"}));
  in_storm.write().ask(Ask::look).refuse(ProblemCode::store_unavailable).calm();
  CHECK(in_storm.found_by("L3") == 0);
}

TEST_CASE("L4 tells a call that comes too soon from one in time", "[oracles][L4]") {
  const auto draft = tests::Draft(protocol::Mode::saga).pause_ms(1'000, 8'000).with({"b0"}).max_attempts(0).pause_ms(1'000, 8'000);
  const auto after = [&](std::int64_t ms) {
    Forged story(draft);
    story.write().calm().call(0, action).ended(Class::unknown, 0).wait(ms).call(0, action, Phase::forward, 2);
    return story.found_by("L4");
  };
  CHECK(after(100) == 1);
  CHECK(after(1'000) == 0);
}

TEST_CASE("L4 tells a pause that the participant asked for and did not get from one that it got", "[oracles][L4]") {
  const auto after = [&](std::int64_t ms) {
    Forged story(tests::Draft(protocol::Mode::saga).with({"b0"}).pause_ms(1, 10));
    story.write().calm().call(0, action).ended(Class::postponed, 429, core::Duration(5'000)).wait(ms).call(0, action, Phase::forward, 2);
    return story.found_by("L4");
  };
  CHECK(after(4'000) == 1);
  CHECK(after(5'000) == 0);
}

TEST_CASE("L4 tells attempts beyond the limit from the last one", "[oracles][L4]") {
  const auto counted = [](std::int64_t attempts) {
    Forged story(tests::Draft(protocol::Mode::saga).with({"b0"}).max_attempts(3));
    story.write([&](core::Transaction& value) { value.branches[0].forward->counted_attempts = attempts; });
    return story.found_by("L4");
  };
  CHECK(counted(3) == 1);
  CHECK(counted(2) == 0);
}

TEST_CASE("L5 tells a transaction that nobody looks at from one that is called", "[oracles][L5]") {
  Forged forgotten(tests::Draft(protocol::Mode::saga).with({"b0"}).pause_ms(10, 100).timeout_ms(1));
  forgotten.write().calm().wait(60'000).end(Status::committed).quiet();
  CHECK(forgotten.found_by("L5") == 1);
  Forged called(tests::Draft(protocol::Mode::saga).with({"b0"}).pause_ms(10, 100).timeout_ms(1));
  called.write().calm();
  for (int attempt = 1; attempt <= 8; ++attempt) called.wait(8'000).call(0, action, Phase::forward, attempt).ended(Class::unknown, 0);
  called.end(Status::committed).quiet();
  CHECK(called.found_by("L5") == 0);
}

TEST_CASE("L6 tells work after everything has ended from rest", "[oracles][L6]") {
  Forged restless(saga({"b0"}));
  restless.write().end(Status::committed).quiet().call(0, action);
  CHECK(restless.found_by("L6") == 1);
  Forged rest(saga({"b0"}));
  rest.write().call(0, action).end(Status::committed).quiet();
  CHECK(rest.found_by("L6") == 0);
}

TEST_CASE("L8 tells a run that did not end from one that did", "[oracles][L8]") {
  Forged endless(saga({"b0"}));
  endless.history.end.in_time = false;
  CHECK(endless.found_by("L8") == 1);
  Forged ended(saga({"b0"}));
  CHECK(ended.found_by("L8") == 0);
}

TEST_CASE("L2 tells a branch that is given up in attention from one that is called on", "[oracles][L2]") {
  const auto called = [](bool again) {
    Forged story(committing().pause_ms(10, 100));
    story.write(status(Status::committing)).call(0, confirm, Phase::final).ended(Class::refused, 409).write(in_attention).calm();
    for (int attempt = 2; again && attempt <= 8; ++attempt) {
      story.wait(5'000).call(0, confirm, Phase::final, attempt).ended(Class::refused, 409);
    }
    story.wait(again ? 0 : 35'000).quiet();
    return story.found_by("L2");
  };
  CHECK(called(false) == 1);
  CHECK(called(true) == 0);
}

TEST_CASE("L3 tells a start that is one too many from one that is turned away too early", "[oracles][L3]") {
  const auto with_limit = [](std::int64_t limit) {
    Forged story(saga({"b0"}));
    story.history.end.unfinished_limit = limit;
    story.write().calm().ask(Ask::start).refuse(ProblemCode::overloaded);
    return story.found_by("L3");
  };
  CHECK(with_limit(2) == 1);
  CHECK(with_limit(1) == 0);
  Forged ended(saga({"b0"}));
  ended.history.end.unfinished_limit = 1;
  ended.write().end(Status::committed).calm().ask(Ask::start).refuse(ProblemCode::overloaded);
  CHECK(ended.found_by("L3") == 1);
  // A process that was stopped until the calm hears of the end then.
  Forged stopped(saga({"b0"}));
  stopped.history.end.unfinished_limit = 1;
  stopped.life(sim::Life::What::paused).write().end(Status::committed).calm().ask(Ask::start).refuse(ProblemCode::overloaded);
  CHECK(stopped.found_by("L3") == 1);
  stopped.history.asked.back().at = stopped.history.life.back().at + core::Duration(500);
  CHECK(stopped.found_by("L3") == 0);
}

TEST_CASE("L3 tells damage that is not there from damage", "[oracles][L3]") {
  const auto told = [](bool is_damaged) {
    Forged story(saga({"b0"}));
    if (is_damaged) story.history.damaged = {0};
    story.write().ask(Ask::look).refuse(ProblemCode::internal);
    return story.found_by("L3");
  };
  CHECK(told(false) == 1);
  CHECK(told(true) == 0);
}

TEST_CASE("L6 tells a count that leaks from one that agrees with the log", "[oracles][L6]") {
  const auto counted = [](std::int64_t count) {
    Forged story(saga({"b0"}));
    story.write().end(Status::committed).quiet();
    story.history.end.counted_unfinished = count;
    return story.found_by("L6");
  };
  CHECK(counted(1) == 1);
  CHECK(counted(0) == 0);
}

TEST_CASE("L6 tells a busy loop from a coordinator that looks now and then", "[oracles][L6]") {
  const auto steps = [](std::uint64_t count) {
    Forged story(saga({"b0"}));
    story.write().end(Status::committed).quiet();
    story.history.end.idle = core::Duration(2'000);
    story.history.end.idle_steps = count;
    return story.found_by("L6");
  };
  CHECK(steps(2'000) == 1);
  CHECK(steps(60) == 0);
}

TEST_CASE("L4 tells a call that comes too soon in the storm from one whose pause was forgotten", "[oracles][L4]") {
  const auto story = [](std::optional<sim::Life::What> what) {
    Forged soon(tests::Draft(protocol::Mode::saga).pause_ms(1'000, 8'000).with({"b0"}).max_attempts(0).pause_ms(1'000, 8'000));
    soon.write().call(0, action).ended(Class::unknown, 0);
    if (what) {
      soon.life(*what);
      soon.history.life.back().transaction = 0;
    }
    soon.wait(100).call(0, action, Phase::forward, 2);
    return soon.found_by("L4");
  };
  CHECK(story(std::nullopt) == 1);
  CHECK(story(sim::Life::What::forgot) == 0);
  CHECK(story(sim::Life::What::unwritten) == 0);
}
