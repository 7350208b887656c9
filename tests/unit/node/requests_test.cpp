#include <catch2/catch.hpp>

#include "tests/unit/node/harness.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Kind;
using protocol::Mode;

TEST_CASE("a start is answered and called only after its write", "[node][start]") {
  Harness h;
  const auto token = h.start(saga({"a"}));
  REQUIRE(h.writes.size() == 1);
  CHECK(h.writes.front().is_new_work);
  CHECK_FALSE(h.is_answered(token));
  CHECK(h.calls.empty());
  h.answer_write();
  CHECK(h.answer(token) == "created active");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("of two equal starts at once one creates and one repeats, both after the write", "[node][start]") {
  Harness h;
  const auto first = h.start(saga({"a"}));
  const auto second = h.start(saga({"a"}));
  CHECK(h.writes.size() == 1);
  CHECK_FALSE(h.is_answered(second));
  h.answer_write();
  CHECK(h.answer(first) == "created active");
  CHECK(h.answer(second) == "active");
  CHECK(h.writes.empty());
}

TEST_CASE("another start with the same gid conflicts and names what differs", "[node][start]") {
  Harness h;
  h.start(saga({"a"}));
  const auto other = h.start(saga({"a"}).timeout_ms(5));
  CHECK_FALSE(h.is_answered(other));
  h.answer_write();
  CHECK(h.answer(other) == "gid_conflict");
  CHECK(h.answers.at(other).differs == std::vector<std::string>{"/timeout_ms"});
  SECTION("also when it has ended and left memory") {
    h.settle();
    h.run_for(Duration(10'000));
    REQUIRE(h.durable_status("g") == "committed");
    CHECK(h.inner().resident() == 0);
    const auto repeat = h.start(saga({"a"}));
    const auto conflict = h.start(saga({"b"}));
    h.settle();
    CHECK(h.answer(repeat) == "committed");
    CHECK(h.answer(conflict) == "gid_conflict");
  }
}

TEST_CASE("a gid that another one begins with is another transaction", "[node][start]") {
  Harness h;
  for (const auto* gid : {"a", "ab", "abc", "a.b"}) {
    const auto token = h.start(saga({"x"}).gid(gid));
    h.settle();
    CHECK(h.answer(token) == "created active");
    CHECK(h.durable_status(gid) == "committed");
  }
}

TEST_CASE("the start of a retired gid conflicts, anything else does not find it", "[node][start]") {
  Harness h;
  h.log.retired.insert("g");
  const auto start = h.start(saga({"a"}));
  const auto look = h.look("g");
  h.settle();
  CHECK(h.answer(start) == "gid_conflict");
  CHECK(h.answers.at(start).detail.find("retired") != std::string::npos);
  CHECK(h.answer(look) == "not_found");
  CHECK(h.called.empty());
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("what nobody started is not found", "[node][requests]") {
  Harness h;
  const auto look = h.look("g");
  const auto commit = h.ask("g", core::CommitRequested{});
  h.settle();
  CHECK(h.answer(look) == "not_found");
  CHECK(h.answer(commit) == "not_found");
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a start behind a look at nothing is made", "[node][requests]") {
  Harness h;
  const auto look = h.look("g");
  const auto start = h.start(saga({"a"}));
  const auto again = h.look("g");
  h.settle();
  CHECK(h.answer(look) == "not_found");
  CHECK(h.answer(start) == "created active");
  CHECK(h.answer(again) == "active");
}

TEST_CASE("a repeated start after a restart is compared with the log", "[node][start]") {
  Harness h;
  h.start(saga({"a", "b"}));
  h.answer_due();
  h.answer_write();
  h.crash();
  const auto repeat = h.start(saga({"a", "b"}));
  const auto other = h.start(saga({"a", "c"}));
  h.settle();
  CHECK(h.answer(repeat) == "active");
  CHECK(h.answer(other) == "gid_conflict");
}

TEST_CASE("past the limit of unfinished transactions only new work is refused", "[node][limit]") {
  node::Settings settings;
  settings.unfinished_transactions = 1;
  Harness h(settings);
  h.start(saga({"a"}).gid("one"));
  h.answer_due();
  h.answer_write();
  const auto two = h.start(saga({"a"}).gid("two"));
  const auto repeat = h.start(saga({"a"}).gid("one"));
  const auto abort = h.ask("one", core::AbortRequested{});
  while (!h.loads.empty()) h.answer_load();
  CHECK(h.answer(two) == "overloaded");
  CHECK(h.answer(repeat) == "active");
  h.run_for(Duration(100));
  CHECK(h.answer(abort) == "aborting");
  CHECK(h.inner().unfinished() == 0);
  const auto again = h.start(saga({"a"}).gid("two"));
  h.settle();
  CHECK(h.answer(again) == "created active");
}

TEST_CASE("a repeat of what is not in memory is answered past the limit, too", "[node][limit]") {
  node::Settings settings;
  settings.unfinished_transactions = 1;
  Harness h(settings);
  h.start(Draft(Mode::saga).interactive().timeout_ms(1'000'000));
  h.run_for(Duration(60'000));
  REQUIRE(h.inner().resident() == 0);
  const auto repeat = h.start(Draft(Mode::saga).interactive().timeout_ms(1'000'000));
  h.settle();
  CHECK(h.answer(repeat) == "active");
}

TEST_CASE("a waiter is answered at the end or when its time has passed", "[node][waiter]") {
  Harness h;
  const auto start = h.start(saga({"a"}), Duration(5'000));
  const auto soon = h.look("g", Duration(100));
  h.answer_due();
  h.answer_write();
  CHECK(h.answer(start).empty());
  h.wake_for(Duration(99));
  CHECK(h.answer(soon).empty());
  h.wake_for(Duration(1));
  CHECK(h.answer(soon) == "active");
  h.answer_call(ok());
  CHECK(h.answer(start).empty());
  h.answer_write();
  CHECK(h.answer(start) == "created committed");
}

TEST_CASE("a waiter does not wait for the lazy flush of the end", "[node][waiter][lazy]") {
  Harness h;
  const auto start = h.start(tcc({"a"}), Duration(5'000));
  const auto before = h.now;
  h.settle();
  CHECK(h.answer(start) == "created committed");
  CHECK(h.now == before);
}

TEST_CASE("a wait on what has ended or is refused does not wait", "[node][waiter]") {
  Harness h;
  h.start(saga({"a"}));
  h.settle();
  const auto look = h.look("g", Duration(60'000));
  const auto commit = h.ask("g", core::CommitRequested{}, Duration(60'000));
  h.settle();
  CHECK(h.answer(look) == "committed");
  CHECK(h.answer(commit) == "not_interactive");
}

TEST_CASE("an answer that rests on a write under way waits for it", "[node][requests]") {
  Harness h;
  h.start(Draft(Mode::tcc).interactive().with({"a"}));
  h.answer_due();
  h.answer_write();
  const auto commit = h.ask("g", core::CommitRequested{});
  const auto late = h.ask("g", core::AbortRequested{});
  const auto look = h.look("g");
  CHECK(h.answer(commit).empty());
  CHECK(h.answer(late).empty());
  CHECK(h.answer(look).empty());
  CHECK(h.calls.empty());
  SECTION("durable") {
    h.answer_write();
    CHECK(h.answer(commit) == "committing");
    CHECK(h.answer(late) == "already_decided");
    CHECK(h.answer(look) == "committing");
    CHECK(h.calls.size() == 1);
  }
  SECTION("refused: the other decision is free again") {
    h.answer_write(WriteFate::unavailable);
    CHECK(h.answer(commit) == "store_unavailable");
    CHECK(h.calls.empty());
    h.settle();
    CHECK(h.answer(late) == "aborting");
  }
}

TEST_CASE("registrations and the decision have one order", "[node][requests]") {
  Harness h;
  h.start(Draft(Mode::tcc).interactive());
  h.answer_due();
  h.answer_write();
  const auto add = [&](std::string_view id) {
    return h.ask("g", core::BranchesRegistered{{std::make_shared<const protocol::BranchRequest>(branch(Kind::tcc, id, true))}});
  };
  const auto first = add("a");
  const auto repeat = add("a");
  const auto commit = h.ask("g", core::CommitRequested{});
  const auto late = add("b");
  CHECK(h.answer(first).empty());
  h.answer_write();
  CHECK(h.answer(first) == "created active");
  CHECK(h.answer(repeat) == "active");
  h.settle();
  CHECK(h.answer(commit) == "committing");
  CHECK(h.answer(late) == "already_decided");
  CHECK(h.times_called("g/a/confirm") == 1);
}

TEST_CASE("the limit of branches is the node's", "[node][limit]") {
  node::Settings settings;
  settings.branches = 1;
  Harness h(settings);
  h.start(Draft(Mode::tcc).interactive().with({"a"}));
  const auto token = h.ask("g", core::BranchesRegistered{{std::make_shared<const protocol::BranchRequest>(branch(Kind::tcc, "b", true))}});
  h.settle();
  CHECK(h.answer(token) == "invalid");
}

TEST_CASE("an operator resolves by the names of the protocol", "[node][resolve]") {
  Harness h;
  h.start(message({"m"}));
  h.answer_due();
  h.answer_write();
  const auto resolve = [&](std::string_view branch, protocol::OperationName operation) {
    return h.ask("g", node::Resolve{branch.empty() ? std::nullopt : std::optional(branch_id(branch)), operation, true, "by hand", "kim"});
  };
  const auto unknown = resolve("x", protocol::OperationName::action);
  const auto no_such = resolve("m", protocol::OperationName::confirm);
  const auto check = resolve("", protocol::OperationName::check);
  CHECK(h.answer(unknown) == "not_found");
  CHECK(h.answer(no_such) == "not_resolvable");
  CHECK(h.answer(check) == "not_resolvable");
  const auto good = resolve("m", protocol::OperationName::action);
  CHECK(h.answer(good).empty());
  h.answer_write();
  CHECK(h.answer(good) == "committed");
  h.answer_call(refused());
  h.settle();
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("while draining new work is refused and the rest is served", "[node][drain]") {
  Harness h;
  h.start(tcc({"a", "b"}));
  h.answer_due();
  h.answer_write();
  const auto waiter = h.look("g", Duration(60'000));
  REQUIRE(h.calls.size() == 2);
  h.step(node::DrainBegun{});
  CHECK(h.answer(waiter) == "active");
  CHECK_FALSE(h.inner().is_drained());
  CHECK(h.answer(h.start(saga({"x"}).gid("new"))) == "draining");
  const auto look = h.look("g", Duration(60'000));
  CHECK(h.answer(look) == "active");
  h.answer_call(ok(), "a.try");
  REQUIRE(h.writes.size() == 1);
  h.answer_write();
  h.answer_call(ok(), "b.try");
  CHECK_FALSE(h.inner().is_drained());
  h.answer_write();
  CHECK(h.durable_status("g") == "committing");
  CHECK(h.calls.empty());
  CHECK(h.inner().is_drained());
  h.crash();
  h.settle();
  CHECK(h.durable_status("g") == "committing");
  h.run_for(Duration(100));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("a waiter is answered at a drain even while its transaction is being read or written", "[node][drain]") {
  Harness h;
  h.start(saga({"a"}));
  h.answer_due();
  h.answer_write();
  const auto waiter = h.look("g", Duration(60'000));
  SECTION("read") {
    h.step(node::Forgotten{gid("g")});
    REQUIRE(h.loads.size() == 1);
    h.step(node::DrainBegun{});
    h.answer_load();
    CHECK(h.answer(waiter) == "active");
  }
  SECTION("written") {
    h.answer_call(ok());
    REQUIRE(h.writes.size() == 1);
    h.step(node::DrainBegun{});
    h.answer_write();
    CHECK(h.answer(waiter) == "committed");
  }
  SECTION("neither, since the log refuses both") {
    h.answer_call(ok());
    h.answer_write(WriteFate::unavailable);
    h.readable = false;
    h.step(node::DrainBegun{});
    h.run_for(Duration(10'000));
    CHECK(h.answer(waiter) == "store_unavailable");
  }
}
