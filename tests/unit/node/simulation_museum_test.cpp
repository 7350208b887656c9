#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

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
