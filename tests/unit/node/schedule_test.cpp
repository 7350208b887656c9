#include <catch2/catch.hpp>

#include "coordinator/core/decide.hpp"
#include "coordinator/core/turn.hpp"
#include "tests/unit/node/harness.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Duration;
using protocol::Mode;

namespace {

Draft idle(std::string_view gid, std::int64_t timeout_ms) { return Draft(Mode::saga).interactive().timeout_ms(timeout_ms).gid(gid); }

/// As an earlier run would have left it.
void put(Harness& h, const Draft& draft, Duration age = Duration(0)) {
  auto transaction = core::begin(draft.request(), {}, h.now - age).transaction;
  transaction.revision = 1;
  transaction.run = 0;
  h.log.put(transaction, core::due_at(transaction));
}

}  // namespace

TEST_CASE("recovery reads what is due in pages and drives it on", "[node][recovery]") {
  node::Settings settings;
  settings.due_page = 10;
  Harness h(settings);
  for (int i = 0; i < 95; ++i) put(h, saga({"a"}).gid("g" + std::to_string(i)), Duration(i % 7));
  h.crash();
  CHECK_FALSE(h.inner().is_recovered());
  h.answer_due();
  CHECK(h.inner().is_recovered());
  CHECK(h.calls.size() == 10);
  h.settle();
  h.run_for(Duration(1'000));
  for (int i = 0; i < 95; ++i) CHECK(h.durable_status("g" + std::to_string(i)) == "committed");
  CHECK(h.called.size() == 95);
  CHECK(h.inner().counters().recovered == 95);
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a page that cannot be read is asked for again and recovery waits", "[node][recovery]") {
  Harness h;
  put(h, saga({"a"}));
  h.crash();
  h.readable = false;
  h.run_for(Duration(1'000));
  CHECK_FALSE(h.inner().is_recovered());
  CHECK(h.outputs_seen < 50);
  h.readable = true;
  h.run_for(Duration(1'000));
  CHECK(h.inner().is_recovered());
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("what only waits leaves memory and comes back when it is due", "[node][eviction]") {
  Harness h;
  h.start(idle("g", 60'000));
  h.settle();
  CHECK(h.inner().resident() == 1);
  h.run_for(Duration(10'000));
  CHECK(h.inner().resident() == 0);
  h.run_for(Duration(49'990));
  CHECK(h.durable_status("g") == "active");
  h.run_for(Duration(10));
  CHECK(h.durable_status("g") == "aborted");
}

TEST_CASE("nothing is lost between horizon and eviction, whenever it is due", "[node][eviction]") {
  node::Settings settings;
  settings.due_page = GENERATE(1U, 3U, 1000U);
  settings.resident_transactions = GENERATE(4U, 100'000U);
  Harness h(settings);
  for (int i = 0; i < 40; ++i) {
    h.start(idle("g" + std::to_string(i), 1 + i * 331));
    h.run_for(Duration(i % 5 * 100));
  }
  h.run_for(Duration(40'000));
  for (int i = 0; i < 40; ++i) {
    INFO(i);
    CHECK(h.durable_status("g" + std::to_string(i)) == "aborted");
  }
  CHECK(h.inner().unfinished() == 0);
}

TEST_CASE("rows that are due at one time are not lost where a page ends among them", "[node][eviction]") {
  node::Settings settings;
  settings.due_page = 3;
  settings.resident_transactions = GENERATE(1U, 2U, 5U, 100U);
  Harness h(settings);
  for (int i = 0; i < 20; ++i) put(h, idle("g" + std::to_string(i), 1'500));
  h.crash();
  h.run_for(Duration(5'000));
  for (int i = 0; i < 20; ++i) {
    INFO(i);
    CHECK(h.durable_status("g" + std::to_string(i)) == "aborted");
  }
}

TEST_CASE("a page that was read before the end of a transaction does not bring it back", "[node][eviction]") {
  Harness h;
  h.start(saga({"a"}));
  h.answer_write();
  // The page is read now, and arrives when the transaction has ended.
  REQUIRE(h.dues.size() == 1);
  const auto stale = h.log.due(h.dues.front());
  h.dues.clear();
  REQUIRE(stale.transactions.size() == 1);
  h.answer_call(ok());
  h.answer_write();
  REQUIRE(h.durable_status("g") == "committed");
  h.step(node::DueLoaded{stale});
  const auto look = h.look("g");
  h.settle();
  CHECK(h.answer(look) == "committed");
  CHECK(h.called.size() == 1);
  h.run_for(Duration(10'000));
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a back-off beyond the horizon survives eviction", "[node][eviction]") {
  Harness h;
  h.start(message({"m"}).pause_ms(20'000, 20'000));
  h.serve = [](std::size_t n, const node::CallWanted&) { return n < 3 ? lost() : ok(); };
  h.run_for(Duration(15'000));
  CHECK(h.inner().resident() == 0);
  CHECK(h.called.size() == 1);
  h.run_for(Duration(60'000));
  CHECK(h.called.size() == 4);
  CHECK(h.durable_status("g") == "committed");
}

TEST_CASE("rows that cannot be read are parked and the rest is served", "[node][corrupt]") {
  Harness h;
  put(h, saga({"a"}).gid("bad"));
  put(h, saga({"a"}).gid("good"));
  h.log.corrupt.insert("bad");
  h.crash();
  h.settle();
  h.run_for(Duration(100));
  CHECK(h.durable_status("good") == "committed");
  CHECK(h.inner().counters().corrupt == 1);
  const auto look = h.look("bad", Duration(1'000));
  const auto start = h.start(saga({"a"}).gid("bad"));
  h.settle();
  CHECK(h.answer(look) == "internal");
  CHECK_FALSE(h.answer(start).empty());
  CHECK(h.times_called("bad/a/action") == 0);
  h.run_for(Duration(10'000));
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("somebody who waits for a row that turns out to be corrupt is told so", "[node][corrupt][waiter]") {
  Harness h;
  h.start(saga({"a"}));
  h.answer_due();
  h.answer_write();
  const auto waiter = h.look("g", Duration(60'000));
  h.log.corrupt.insert("g");
  h.step(node::Forgotten{gid("g")});
  h.answer_load();
  CHECK(h.answer(waiter) == "internal");
  h.answer_call(ok());
  h.run_for(Duration(10'000));
  CHECK(h.inner().resident() == 0);
}

TEST_CASE("a pivot that stands in attention leaves memory and an operator finds it", "[node][eviction]") {
  Harness h;
  h.start(saga({}).with(protocol::Kind::saga, "p", last_word).pause_ms(10, 10));
  h.serve = [](std::size_t n, const node::CallWanted&) { return n == 0 ? lost() : refused(); };
  h.run_for(Duration(10'000));
  CHECK(h.durable_status("g") == "aborting");
  CHECK(h.inner().resident() == 0);
  const auto token = h.ask("g", node::Resolve{branch_id("p"), protocol::OperationName::action, false, "looked", "kim"});
  h.settle();
  CHECK(h.answer(token) == "aborted");
}

TEST_CASE("a node that has nothing to do wakes to look for what is due and for nothing else", "[node][schedule]") {
  Harness h;
  h.step(node::Woken{});
  h.settle();
  const auto before = h.outputs_seen;
  h.run_for(Duration(60'000));
  CHECK(h.outputs_seen - before <= 61);
}
