#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

#include "coordinator/core/decide.hpp"
#include "tests/unit/node/harness.hpp"

/// What simulation has found in the node, each as its shortest story.

using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Mode;

namespace {

Draft idle(std::string_view gid) { return Draft(Mode::saga).interactive().timeout_ms(60'000).gid(gid); }

void ask_for_a_page(Harness& h) {
  h.now = *h.inner().next_wakeup();
  h.step(node::Woken{});
  REQUIRE_FALSE(h.dues.empty());
}

/// Wakes the node until it asks for a page that holds what is due in `time`.
void ask_for_the_page_of(Harness& h, Duration time) {
  const auto due = h.now + time;
  for (int i = 0; i < 1'000; ++i) {
    if (!h.dues.empty() && h.dues.front().until >= due) return;
    h.settle();
    h.now = std::max(h.now, *h.inner().next_wakeup());
    h.step(node::Woken{});
  }
  FAIL("no such page");
}

}  // namespace

TEST_CASE("a page that failed at the limit of memory does not wake the node for ever", "[node][museum]") {
  node::Settings settings;
  settings.resident_transactions = 1;
  Harness h(settings);
  ask_for_a_page(h);
  h.start(idle("g"));
  h.answer_write();
  h.readable = false;
  h.answer_due();
  h.now += settings.store_pause * 2;
  h.step(node::Woken{});
  REQUIRE(h.dues.empty());
  const auto next = h.inner().next_wakeup();
  CHECK((!next || *next > h.now));
}

TEST_CASE("what ended while a page was under way does not meet every later page as well", "[node][museum]") {
  const node::Settings settings;
  Harness h(settings);
  ask_for_a_page(h);
  h.now += Duration(2);
  h.start(idle("g"));
  h.answer_write();
  h.ask("g", core::CommitRequested{});
  h.answer_write();
  CHECK(h.durable_status("g") == "committed");

  std::optional<core::Time> page_comes;
  for (int round = 0; round < 100; ++round) {
    if (!h.dues.empty() && !page_comes) page_comes = h.now + Duration(5);
    const auto next = h.inner().next_wakeup();
    if (page_comes && (!next || *page_comes <= *next)) {
      h.now = *page_comes;
      page_comes.reset();
      h.answer_due();
      continue;
    }
    REQUIRE(next.has_value());
    h.now = std::max(h.now, *next);
    h.step(node::Woken{});
  }
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("the repeat of a start in its own millisecond is no second start", "[node][museum]") {
  // A process that was stopped takes in many requests at one time, and has room for few transactions.
  node::Settings settings;
  settings.resident_transactions = 1;
  settings.keep_idle = Duration(0);
  Harness h(settings);
  ask_for_a_page(h);
  h.answer_due();
  const auto other = h.start(idle("other"));
  h.answer_write();
  const auto first = h.start(idle("g"));
  h.answer_write();
  CHECK(h.answer(other) == "created active");
  CHECK(h.answer(first) == "created active");
  const auto again = h.start(idle("g"));
  if (!h.writes.empty()) h.answer_write(WriteFate::unknown_lost);
  h.settle();
  CHECK(h.answer(again) == "active");
  CHECK(h.inner_unfinished() == 2);
}

TEST_CASE("the repeat of a start that a write in doubt meets is no second start", "[node][museum]") {
  // The run is the same and so is the request: only its time tells the two inserts apart.
  Harness h;
  h.settle();
  const auto first = h.start(idle("g"));
  h.settle();
  CHECK(h.answer(first) == "created active");
  h.run_for(Duration(10'000));
  REQUIRE(h.inner().resident() == 0);
  const auto again = h.start(idle("g"));
  h.answer_write(WriteFate::unknown_lost);
  h.settle();
  CHECK(h.answer(again) == "active");
  CHECK(h.inner_unfinished() == 1);
}

TEST_CASE("an end in doubt whose row was removed before it was read again is no longer unfinished", "[node][museum]") {
  Harness h;
  h.start(idle("g"));
  h.settle();
  REQUIRE(h.inner_unfinished() == 1);
  const auto abort = h.ask("g", core::AbortRequested{});
  h.answer_write(WriteFate::unknown_durable);
  h.log.retired.insert("g");
  h.settle();
  CHECK(h.answer(abort) == "aborted");
  CHECK(h.inner_unfinished() == 0);
}

TEST_CASE("a row that says due now of what is due much later does not keep its transaction from every page", "[node][museum]") {
  Harness h;
  h.start(Draft(Mode::saga).with({"a", "b"}).max_attempts(1).pause_ms(1'000, 60'000).gid("g"));
  h.answer_write();
  h.answer_call(ok(), "a.action");
  h.answer_write();
  h.answer_call(lost(), "b.action");
  h.answer_write();
  const auto flush = [&] {
    h.wake_for(node::Settings{}.lazy_flush + Duration(1));
    REQUIRE(h.writes.size() == 1);
    h.answer_write();
  };
  h.answer_call(lost(), "b.compensate");
  flush();
  h.wake_for(Duration(2'000));
  h.answer_call(ok(), "b.compensate");
  // Memory goes back to before b was undone, while a is being undone.
  h.step(node::Forgotten{gid("g")});
  h.answer_load();
  h.answer_call(postponed(Duration(3'600'000)), "b.compensate");
  flush();
  // And once more when a's call has ended: only b is owed now, in an hour, and the row says that a is being called.
  h.answer_call(lost(), "a.compensate");
  h.step(node::Forgotten{gid("g")});
  h.answer_load();
  h.run_for(Duration(1'800'000));
  CHECK(h.inner().resident() == 0);
  h.run_for(Duration(1'900'000));
  CHECK(h.durable_status("g") == "aborted");
}

TEST_CASE("a repeated start that the store refuses does not hide its transaction from the page that brings it", "[node][museum]") {
  Harness h;
  const auto draft = Draft(Mode::saga).with({"a"}).timeout_ms(600'000).gid("g");
  h.start(draft);
  h.answer_write();
  h.answer_call(postponed(Duration(60'000)), "a.action");
  h.settle();
  ask_for_the_page_of(h, Duration(60'000));
  REQUIRE(h.inner().resident() == 0);
  const auto again = h.start(draft);
  REQUIRE(h.writes.size() == 1);
  h.answer_due();
  h.answer_write(WriteFate::unavailable);
  CHECK(h.answer(again) == "store_unavailable");
  h.run_for(Duration(60'000));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("a page that shows a start before its write is answered does not keep the node busy", "[node][museum]") {
  Harness h;
  ask_for_a_page(h);
  h.start(idle("g"));
  REQUIRE(h.writes.size() == 1);
  auto early = h.writes.front();
  early.due_at = h.now;
  REQUIRE(h.log.apply(early) == store::WriteAnswer::ok);
  h.answer_due();
  h.writes.clear();
  h.step(node::WriteAnswered{tests::gid("g"), {}});
  h.run_for(Duration(10'000));
  CHECK(h.inner().resident() == 0);
  CHECK(h.inner_unfinished() == 1);
}

TEST_CASE("what is called again and again in a full memory makes room for what is due in the log", "[node][museum]") {
  node::Settings settings;
  settings.resident_transactions = 1;
  Harness h(settings);
  ask_for_a_page(h);
  h.answer_due();
  const auto patient = [](std::string_view gid) {
    return Draft(Mode::saga).with({"a"}).timeout_ms(600'000).max_attempts(0).pause_ms(100, 100).gid(gid);
  };
  h.start(patient("other"));
  h.answer_write();
  h.answer_call(postponed(Duration(10'000)), "a.action");
  h.serve = [](std::size_t, const node::CallWanted& call) { return call.gid.text() == "other" ? ok() : lost(); };
  h.settle();
  REQUIRE(h.inner().resident() == 1);
  h.run_for(Duration(3'000));
  REQUIRE(h.inner().resident() == 0);
  h.start(patient("stubborn"));
  h.run_for(Duration(20'000));
  CHECK(h.times_called("stubborn/a/action") > 100);
  CHECK(h.durable_status("other") == "committed");
}

TEST_CASE("a page that was read before an end does not bring back what was found removed since", "[node][museum]") {
  node::Settings settings;
  // With no room for a name, every row of the page is as doubtful.
  settings.due_page = GENERATE(1'000U, 0U);
  Harness h(settings);
  h.start(Draft(Mode::saga).with({"a"}).gid("g"));
  h.answer_write();
  REQUIRE(h.dues.size() == 1);
  auto wanted = h.dues.front();
  wanted.limit = 1'000;
  const auto stale = h.log.due(wanted);
  REQUIRE(stale.transactions.size() == 1);
  h.dues.clear();
  h.answer_call(ok(), "a.action");
  h.answer_write();
  REQUIRE(h.durable_status("g") == "committed");
  h.step(node::Forgotten{gid("g")});
  h.log.retired.insert("g");
  h.answer_load();
  REQUIRE(h.inner().resident() == 0);
  h.step(node::DueLoaded{stale});
  h.settle();
  CHECK(h.times_called("g/a/action") == 1);
  CHECK(h.inner().resident() == 0);
  CHECK(h.inner_unfinished() == 0);
}

TEST_CASE("a page that was read before a write does not bring back what was found damaged since", "[node][museum]") {
  Harness h;
  h.start(Draft(Mode::saga).interactive().timeout_ms(1'000).gid("g"));
  h.answer_write();
  REQUIRE(h.dues.size() == 1);
  const auto stale = h.log.due(h.dues.front());
  REQUIRE(stale.transactions.size() == 1);
  h.dues.clear();
  h.ask("g", core::AbortRequested{});
  h.answer_write();
  REQUIRE(h.durable_status("g") == "aborted");
  h.step(node::Forgotten{gid("g")});
  h.log.corrupt.insert("g");
  h.answer_load();
  REQUIRE(h.inner().resident() == 0);
  h.step(node::DueLoaded{stale});
  // It is not told to be active, although the page says so.
  const auto look = h.look("g");
  h.settle();
  CHECK(h.answer(look) == "internal");
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a repeated start that was refused before the page came does not keep the page from bringing its transaction", "[node][museum]") {
  Harness h;
  const auto draft = Draft(Mode::saga).with({"a"}).timeout_ms(600'000).gid("g");
  h.start(draft);
  h.answer_write();
  h.answer_call(postponed(Duration(60'000)), "a.action");
  h.settle();
  ask_for_the_page_of(h, Duration(60'000));
  REQUIRE(h.inner().resident() == 0);
  h.start(draft);
  h.answer_write(WriteFate::unavailable);
  REQUIRE(h.inner().resident() == 0);
  h.answer_due();
  h.run_for(Duration(60'000));
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("what left memory beside a page that could not be read is of no weight for the next one", "[node][museum]") {
  Harness h;
  ask_for_a_page(h);
  h.look("g");
  h.answer_load();
  REQUIRE(h.inner().resident() == 0);
  h.readable = false;
  h.answer_due();
  h.readable = true;
  // An earlier run has left it, as the next page and only that shows.
  auto found = core::begin(Draft(Mode::saga).with({"a"}).gid("g").request(), {}, h.now).transaction;
  found.revision = 1;
  found.run = 0;
  h.log.put(found, h.now);
  h.now += node::Settings{}.store_pause;
  h.step(node::Woken{});
  REQUIRE(h.dues.size() == 1);
  h.answer_due();
  CHECK(h.loads.empty());
  h.settle();
  CHECK(h.times_called("g/a/action") == 1);
}

TEST_CASE("a start in doubt of a gid that was removed is not taken as written because it would have ended at once", "[node][museum]") {
  Harness h;
  h.settle();
  h.log.retired.insert("g");
  const auto start = h.start(Draft(Mode::saga).gid("g"));
  REQUIRE(h.writes.front().transaction.is_terminal());
  h.answer_write(WriteFate::unknown_lost);
  h.settle();
  CHECK(h.answer(start) == "store_unavailable");
  const auto again = h.start(Draft(Mode::saga).gid("g"));
  h.settle();
  CHECK(h.answer(again) == "gid_conflict");
  CHECK(h.inner_unfinished() == 0);
}
