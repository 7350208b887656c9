#include "cli/pages.hpp"
#include "cli/joined_pages.hpp"

#include <catch2/catch.hpp>

#include "cli/attempts.hpp"
#include "cli/timeline.hpp"
#include "tests/unit/cli/sample.hpp"

using namespace escrow::cli;
using namespace escrow::cli::testing;

/// Pages as a person sees them: the expected text is the test.
namespace {

const OperationSample done{"succeeded", 1};

json stuck() {
  json value = saga("aborting", {done, done, {"failed", 1, "409: out of stock"}},
                    {{"waiting"}, {"backing_off", 3, "409: already shipped", at(40'000)}});
  value["abort_reason"] = {{"code", "branch_failed"}, {"branch", "inventory"}, {"detail", "409: out of stock"}};
  value["attention"] = {
      {{"since", at(500)}, {"branch", "payment"}, {"operation", "compensate"}, {"reason", "refused: 409: already shipped"}}};
  return value;
}

std::vector<Event> stuck_history() {
  return events({{0, "started"},
                 {100, "operation_succeeded", "order", "action", 1},
                 {300, "operation_succeeded", "payment", "action", 1},
                 {400, "operation_failed", "inventory", "action", 1, "409: out of stock"},
                 {400, "abort_decided", "inventory", "", 0, "branch_failed: 409: out of stock"},
                 {500, "attempt_failed", "payment", "compensate", 1, "409: already shipped"},
                 {500, "attention_raised", "payment", "compensate", 1, "refused: 409: already shipped"},
                 {5'500, "attempt_failed", "payment", "compensate", 2, "409: already shipped"}});
}

constexpr Millis now = ten_o_clock + 10'000;

}  // namespace

TEST_CASE("the timeline has a bar for each call, undo mirrored below, and no idle time", "[cli][timeline]") {
  const std::string drawn = draw_timeline(read(stuck()), stuck_history(), now, {100, false});
  INFO("\n" << drawn);
  CHECK(drawn ==
        "decisions                           A      !\n"
        "order     ▄▄▄▄▄▄▄✓                           ⋮      ⋮       ⋮       action succeeded\n"
        "                                             ⋮      ⋮       ⋮       compensate waiting\n"
        "payment          ▄▄▄▄▄▄▄▄▄▄▄▄▄✓              ⋮      ⋮       ⋮       action succeeded\n"
        "                                    ▀▀▀▀▀▀▀✗ ⋮    ✗ ⋮       ⋮    ○  compensate backing off (3 calls)\n"
        "inventory                     ▄▄▄▄▄▄✗        ⋮      ⋮       ⋮       action failed\n"
        "          0                                  ⋮      ⋮(4.5 s)⋮\n"
        "          0 is 2026-01-05 10:00:00 UTC, so far 10 s. ▄ forward ▀ undo: ✓ done ✗ refused ! no success\n"
        "          … calling ○ next ◆ by hand ⋮ idle\n");
}

TEST_CASE("bars of calls begin where their turn came, and end with how they ended", "[cli][timeline]") {
  const auto attempts = attempts_of(read(stuck()), stuck_history(), now);
  REQUIRE(attempts.size() == 6);
  CHECK(attempts[1].branch == "payment");
  CHECK(attempts[1].start == ten_o_clock + 100);
  CHECK(attempts[1].end == ten_o_clock + 300);
  CHECK(attempts[2].ending == Ending::refused);
  CHECK(attempts[3].start == ten_o_clock + 400);
  CHECK(attempts[3].ending == Ending::refused);
  CHECK(attempts[4].number == 2);
  CHECK(attempts[5].ending == Ending::next);
  CHECK(attempts[5].number == 4);
  CHECK(attempts[5].folded == 1);
  CHECK(attempts[5].start == ten_o_clock + 40'000);

  const auto timed_out =
      attempts_of(read(saga("active", {{"calling", 2}}, {})),
                  events({{0, "started"}, {3'000, "attempt_failed", "order", "action", 1, "timeout: no complete answer within 3000 ms"}}),
                  ten_o_clock + 5'000);
  REQUIRE(timed_out.size() == 2);
  CHECK(timed_out[0].start == ten_o_clock);
  CHECK(timed_out[0].ending == Ending::failed);
  CHECK(timed_out[1].ending == Ending::calling);
  CHECK(timed_out[1].end == ten_o_clock + 5'000);
}

TEST_CASE("an axis keeps the order of instants and collapses what is idle", "[cli][timeline]") {
  const TimeAxis axis({{0, 1'000}, {601'000, 602'000}, {602'000, 602'000}}, 50);
  CHECK(axis.column(0) == 0);
  CHECK(axis.column(602'000) == 49);
  CHECK(axis.gaps().size() == 1);
  CHECK(axis.gaps().at(0).length == 600'000);
  CHECK(axis.column(601'000) - axis.column(1'000) <= 10);
  std::size_t before = 0;
  for (Millis at = 0; at <= 602'000; at += 500) {
    CHECK(axis.column(at) >= before);
    before = axis.column(at);
  }
  CHECK(TimeAxis({}, 10).column(5) == 0);
}

TEST_CASE("lists, attention and history read well in eighty columns", "[cli][pages]") {
  const std::vector<Transaction> transactions{read(stuck())};
  CHECK(list_page(transactions, now, {80, false}) ==
        "GID       NAME         MODE  STATUS    STARTED (UTC)         AGE  WHY\n"
        "order-17  place-order  saga  aborting  2026-01-05 10:00:00  10 s  payment: comp…\n");
  CHECK(list_page({}, now, {80, false}) == "No transaction matches.\n");
  CHECK(attention_page(transactions, std::nullopt, now, {80, false}) ==
        "order-17  place-order  aborting, started 10 s ago\n"
        "  payment: compensate for 9.5 s: refused: 409: already shipped\n"
        "  It aborts because inventory said no: “409: out of stock”.\n"
        "\n"
        "1 transaction needs a person. What to do about one: escrowctl transactions show GID\n");
  CHECK(attention_page({}, std::nullopt, now, {80, false}) == "Nothing needs a person.\n");
  CHECK(history_page(events({{0, "started"}, {100, "attempt_failed", "order", "action", 2, "500"}}), {80, false}) ==
        "2026-01-05 (UTC)\n"
        "10:00:00.000  started\n"
        "10:00:00.100  attempt failed  order: action #2  500\n");
}

TEST_CASE("the page of a transaction holds all that a person needs to act", "[cli][pages]") {
  const std::string page = transaction_page(read(stuck()), stuck_history(), {}, now, {100, false});
  INFO("\n" << page);
  for (const char* part : {"order-17  place-order  aborting  needs a person", "customer=c-42", "payment: compensate says no", "in 30 s",
                           "escrowctl transactions resolve order-17", "▀", "backing off, stuck", "409: already shipped"}) {
    INFO(part);
    CHECK(page.find(part) != std::string::npos);
  }
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(transaction_page(read(stuck()), stuck_history(), {}, now, {100, true}).find("\x1b[1;31mneeds a person") != std::string::npos);
}

TEST_CASE("destinations and the coordinator are told in a few lines", "[cli][pages]") {
  const json destinations{{"window_ms", 60'000},
                          {"destinations",
                           {{{"destination", "http://127.0.0.1:8082"},
                             {"open", 3},
                             {"held_back", 0},
                             {"breaker", {{"state", "open"}, {"failures_in_row", 22}, {"open_until", at(11'000)}}},
                             {"total", json::object()},
                             {"recent", {{"calls", 120}, {"errors", 22}, {"latency_ms", {{"p50", 9}, {"p95", 40}, {"p99", 3'000}}}}},
                             {"last_error", {{"at", at(9'000)}, {"detail", "no answer"}}},
                             {"last_success_at", nullptr}}}}};
  const auto page = destinations_page(destinations, now, {110, false});
  REQUIRE(page);
  CHECK(*page ==
        "DESTINATION            CALLS  ERRORS  P50/95/99 MS  OPEN  HELD  BREAKER          LAST OK  LAST ERROR\n"
        "http://127.0.0.1:8082    120      22     9/40/3000     3     0  open, 22 failed  never    1.0 s ago: no answer\n"
        "Calls, errors and latency are those of the last 1 min.\n");
  CHECK_FALSE(destinations_page(json{{"destinations", {1}}}, now, {80, false}));
}

TEST_CASE("an answer of something else is a failure, not a crash", "[cli][pages]") {
  CHECK_FALSE(read_transaction(json::array()));
  CHECK_FALSE(read_transaction(json{{"gid", 7}, {"status", "active"}}));
  CHECK_FALSE(read_events(json{{"events", {{{"seq", "x"}}}}}));
  // A newer coordinator may say more, and in words that are new here.
  json value = stuck();
  value["new_member"] = 1;
  value["status"] = "pausing";
  value["branches"][0]["kind"] = "new_kind";
  CHECK(read_transaction(value));
  CHECK_FALSE(transaction_page(*read_transaction(value), {}, {}, now, {80, false}).empty());
}

TEST_CASE("pages of the list are joined without a byte of a transaction changed", "[cli]") {
  const std::string first = R"({"transactions": [{"b":1.00,"a":123456789012345678901}, {"gid":"x"}], "next_cursor": "c"})";
  CHECK(*joined_pages({first}) == first);
  CHECK(*joined_pages({first, R"({"next_cursor":null,"transactions":[{"z":"é"}]})", R"({"transactions":[],"next_cursor":null})"}) ==
        R"({"transactions":[{"b":1.00,"a":123456789012345678901},{"gid":"x"},{"z":"é"}],"next_cursor":null})");
  CHECK_FALSE(joined_pages({first, "{"}));
}
