#include <catch2/catch.hpp>

#include "coordinator/core/decide.hpp"
#include "tests/unit/node/harness.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Kind;
using protocol::Mode;

namespace {

/// Started, its write durable, its first calls open.
Harness under_way(const Draft& draft, node::Settings settings = {}) {
  Harness h(settings);
  h.start(draft);
  h.answer_due();
  h.answer_write();
  return h;
}

}  // namespace

TEST_CASE("a lazy write is on its way after the flush time at the latest", "[node][lazy]") {
  auto h = under_way(tcc({"a", "b"}));
  h.answer_call(ok(), "a.try");
  CHECK(h.writes.empty());
  h.wake_for(Duration(19));
  CHECK(h.writes.empty());
  h.wake_for(Duration(1));
  CHECK(h.writes.size() == 1);
}

TEST_CASE("a lazy write rides along with the next barrier", "[node][lazy]") {
  auto h = under_way(tcc({"a", "b"}));
  h.answer_call(ok(), "a.try");
  h.answer_call(ok(), "b.try");
  REQUIRE(h.writes.size() == 1);
  CHECK(h.writes.front().history.size() == 3);
  h.answer_write();
  CHECK(h.writes.empty());
}

TEST_CASE("a lazy write leaves at once when somebody looks", "[node][lazy]") {
  auto h = under_way(tcc({"a", "b"}));
  h.answer_call(ok(), "a.try");
  const auto look = h.look("g");
  CHECK(h.writes.size() == 1);
  CHECK(h.answer(look).empty());
  h.answer_write();
  CHECK(h.answer(look) == "active");
}

TEST_CASE("while a write is under way everything of its gid waits", "[node][writes]") {
  auto h = under_way(saga({"a", "b"}));
  h.answer_call(ok());
  REQUIRE(h.writes.size() == 1);
  CHECK(h.calls.empty());
  const auto look = h.look("g");
  const auto abort = h.ask("g", core::AbortRequested{});
  h.wake_for(Duration(1'000));
  CHECK(h.writes.size() == 1);
  CHECK_FALSE(h.is_answered(look));
  h.answer_write();
  CHECK(h.is_answered(look));
  CHECK(h.writes.size() == 1);
  CHECK_FALSE(h.is_answered(abort));
}

TEST_CASE("other gids do not wait for a write", "[node][writes]") {
  Harness h;
  h.start(saga({"a"}).gid("one"));
  h.start(saga({"a"}).gid("two"));
  CHECK(h.writes.size() == 2);
}

TEST_CASE("a refused start was never there", "[node][unavailable]") {
  Harness h;
  const auto start = h.start(saga({"a"}));
  const auto equal = h.start(saga({"a"}));
  h.answer_write(WriteFate::unavailable);
  CHECK(h.answer(start) == "store_unavailable");
  CHECK_FALSE(h.is_answered(equal));
  h.settle();
  CHECK(h.answer(equal) == "created active");
  h.run_for(Duration(5'000));
  CHECK(h.inner().unfinished() == 0);
}

TEST_CASE("a refused write takes memory back to the log and is tried again", "[node][unavailable]") {
  auto h = under_way(saga({"a", "b"}));
  h.answer_call(ok());
  h.answer_write(WriteFate::unavailable);
  CHECK(h.calls.empty());
  const auto look = h.look("g");
  h.settle();
  CHECK(h.answer(look) == "active");
  CHECK(h.durable("g")->branches[0].forward->state == protocol::OperationState::waiting);
  h.run_for(Duration(5'000));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.times_called("g/a/action") == 2);
  CHECK(h.times_called("g/b/action") == 1);
}

TEST_CASE("while the store refuses writes an outcome that cannot be stored backs off and goes on by itself", "[node][unavailable]") {
  auto h = under_way(saga({"a", "b"}).timeout_ms(10'000'000));
  h.write_fate = [](std::size_t) { return WriteFate::unavailable; };
  const auto before = h.called.size();
  h.run_for(Duration(60'000));
  // 100 ms, doubling to 5 s: about eighteen pauses in a minute.
  CHECK(h.called.size() - before >= 10);
  CHECK(h.called.size() - before <= 25);
  CHECK(h.outputs_seen < 300);
  h.write_fate = [](std::size_t) { return WriteFate::ok; };
  h.run_for(Duration(10'000));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("a log that can neither be written nor read is asked seldom and answers come back by themselves", "[node][unavailable]") {
  auto h = under_way(saga({"a", "b"}).timeout_ms(10'000'000));
  h.write_fate = [](std::size_t) { return WriteFate::unavailable; };
  h.answer_call(ok());
  h.answer_write(WriteFate::unavailable);
  h.readable = false;
  const auto before = h.outputs_seen;
  const auto waiter = h.look("g", Duration(1'000));
  const auto look = h.look("g");
  h.run_for(Duration(60'000));
  CHECK(h.answer(waiter) == "store_unavailable");
  CHECK(h.answer(look) == "store_unavailable");
  CHECK(h.outputs_seen - before < 1'000);
  h.write_fate = [](std::size_t) { return WriteFate::ok; };
  h.readable = true;
  h.run_for(Duration(20'000));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("somebody who waits is answered in time though the log cannot be read", "[node][unavailable][waiter]") {
  auto h = under_way(saga({"a", "b"}).timeout_ms(10'000'000));
  const auto waiter = h.look("g", Duration(2'000));
  h.answer_call(ok());
  h.readable = false;
  h.answer_write(WriteFate::unavailable);
  h.run_for(Duration(1'999));
  CHECK(h.answer(waiter).empty());
  h.run_for(Duration(2));
  CHECK(h.answer(waiter) == "store_unavailable");
}

TEST_CASE("a refused decision backs off and is made again, with a waiter and without", "[node][unavailable]") {
  auto h = under_way(saga({"a", "b"}).timeout_ms(1'000'000));
  if (GENERATE(true, false)) (void)h.look("g", Duration(60'000));
  h.answer_call(ok());
  h.answer_write(GENERATE(WriteFate::unavailable, WriteFate::unknown_lost, WriteFate::conflict));
  const auto began = h.now;
  h.run_for(Duration(500));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.now - began == Duration(500));
}

TEST_CASE("a write in doubt is read again and stands if it is there", "[node][unknown]") {
  Harness h;
  const auto start = h.start(saga({"a", "b"}));
  h.answer_due();
  h.answer_write(WriteFate::unknown_durable);
  CHECK_FALSE(h.is_answered(start));
  CHECK(h.calls.empty());
  h.answer_load();
  CHECK(h.answer(start) == "created active");
  h.answer_call(ok());
  h.answer_write(WriteFate::unknown_durable);
  CHECK(h.calls.empty());
  h.answer_load();
  CHECK(h.calls.size() == 1);
  CHECK(h.times_called("g/a/action") == 1);
  CHECK(h.inner().unfinished() == 1);
}

TEST_CASE("a write in doubt that is not there was refused", "[node][unknown]") {
  Harness h;
  const auto start = h.start(saga({"a"}));
  h.answer_write(WriteFate::unknown_lost);
  CHECK_FALSE(h.is_answered(start));
  h.settle();
  CHECK(h.answer(start) == "store_unavailable");
  CHECK(h.inner().unfinished() == 0);
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a start in doubt that belongs to another request conflicts", "[node][unknown]") {
  Harness h;
  const auto start = h.start(saga({"a"}));
  auto other = core::begin(saga({"other"}).request(), {}, h.now).transaction;
  other.revision = 1;
  other.run = GENERATE(1, 0);
  h.log.put(other, h.now);
  h.answer_write(WriteFate::unknown_lost);
  h.settle();
  CHECK(h.answer(start) == "gid_conflict");
  h.run_for(Duration(100));
  CHECK(h.times_called("g/other/action") == 1);
  CHECK(h.times_called("g/a/action") == 0);
}

TEST_CASE("an equal start of an earlier run that a write in doubt meets is repeated, not created", "[node][unknown]") {
  Harness h;
  h.log.run = 2;
  h.crash();
  const auto start = h.start(saga({"a"}));
  auto same = core::begin(saga({"a"}).request(), {}, h.now).transaction;
  same.revision = 1;
  same.run = 1;
  h.log.put(same, h.now);
  h.answer_write(WriteFate::unknown_lost);
  h.settle();
  CHECK(h.answer(start) == "active");
}

TEST_CASE("a write in doubt that cannot be read stays in doubt until it can", "[node][unknown]") {
  auto h = under_way(Draft(Mode::tcc).interactive().with({"a"}).timeout_ms(1'000'000));
  const auto commit = h.ask("g", core::CommitRequested{});
  h.readable = false;
  const bool durable = GENERATE(true, false);
  h.answer_write(durable ? WriteFate::unknown_durable : WriteFate::unknown_lost);
  h.run_for(Duration(30'000));
  CHECK_FALSE(h.is_answered(commit));
  CHECK(h.called.empty());
  h.step(node::Forgotten{gid("g")});
  h.readable = true;
  h.run_for(Duration(10'000));
  CHECK(h.answer(commit) == (durable ? "committing" : "store_unavailable"));
  CHECK(h.called.size() == (durable ? 1U : 0U));
}

TEST_CASE("a conflict reads again what another writer has made of it", "[node][conflict]") {
  auto h = under_way(Draft(Mode::tcc).interactive().with({"a"}));
  const auto commit = h.ask("g", core::CommitRequested{});
  auto theirs = *h.durable("g");
  (void)core::decide(theirs, core::AbortRequested{}, h.now);
  ++theirs.revision;
  h.log.put(theirs, h.now);
  h.answer_write();
  CHECK(h.answer(commit) == "store_unavailable");
  h.run_for(Duration(5'000));
  CHECK(h.durable_status("g") == "aborted");
  CHECK(h.times_called("g/a/cancel") == 1);
}

TEST_CASE("what is forgotten is read again and no call is made twice at once", "[node][forgotten]") {
  auto h = under_way(tcc({"a", "b"}));
  h.answer_call(ok(), "a.try");
  h.step(node::Forgotten{gid("g")});
  h.answer_load();
  CHECK(h.called.size() == 3);
  CHECK(h.times_called("g/b/try") == 1);
  h.answer_call(ok(), "b.try");
  h.settle();
  h.run_for(Duration(100));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.times_called("g/b/try") == 1);
}

TEST_CASE("what is forgotten is not lost though it cannot be read", "[node][forgotten]") {
  auto h = under_way(tcc({"a", "b"}));
  h.answer_call(ok(), "a.try");
  h.answer_call(lost(), "b.try");
  h.run_for(Duration(30));
  h.step(node::Forgotten{gid("g")});
  h.readable = false;
  h.run_for(Duration(10'000));
  h.readable = true;
  h.run_for(Duration(10'000));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("an answer that comes while its transaction cannot be read is kept", "[node][unavailable]") {
  auto h = under_way(tcc({"a", "b"}).timeout_ms(1'000'000));
  h.answer_call(ok(), "a.try");
  h.wake_for(Duration(20));
  h.readable = false;
  h.answer_write(WriteFate::unavailable);
  h.wake_for(Duration(200));
  REQUIRE(h.loads.size() == 1);
  h.answer_load();
  h.answer_call(ok(), "b.try");
  h.readable = true;
  h.run_for(Duration(10'000));
  CHECK(h.durable_status("g") == "committed");
  CHECK(h.times_called("g/b/try") == 1);
}
