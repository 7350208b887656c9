#include "cli/terminal.hpp"

#include <catch2/catch.hpp>

#include "cli/coordinator_api.hpp"
#include "cli/event_messages.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "tests/unit/cli/sample.hpp"

using namespace escrow::cli;

TEST_CASE("columns are counted as terminals do", "[cli][terminal]") {
  CHECK(columns("abc") == 3);
  CHECK(columns("订单") == 4);
  CHECK(columns("é") == 1);
  CHECK(columns("e\xCC\x81") == 1);
  CHECK(fitted("订单-17", 5) == "订单…");
  CHECK(fitted("abc", 3) == "abc");
  CHECK(fitted("abcd", 3) == "ab…");
  CHECK(padded("订", 4) == "订  ");
  CHECK(wrapped("one two three", 12, 2) == "  one two\n  three\n");
}

TEST_CASE("what could steer a terminal is taken out", "[cli][terminal]") {
  CHECK(printable("a\x1b[31mb\nc") == "a [31mb c");
  CHECK(printable("a\xE2\x80\xAE"
                  "b") == "a b");
  CHECK(printable("a\xFF"
                  "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(printable("订单") == "订单");
}

TEST_CASE("colour is only there where it is wanted", "[cli][terminal]") {
  CHECK(Look{80, false}.paint(Tone::bad, "x") == "x");
  CHECK(Look{80, true}.paint(Tone::bad, "x") == "\x1b[1;31mx\x1b[0m");
  CHECK(Look{80, true}.paint(Tone::plain, "x") == "x");
}

TEST_CASE("a table gives way in its widest columns until it fits", "[cli][table]") {
  Table table({{"GID", Table::Align::left, 6}, {"N", Table::Align::right}, {"WHY", Table::Align::left, 5}});
  table.add({"order-17", "1", "refused: 409: already shipped"});
  table.add({"订单-2", "12", ""});
  CHECK(table.draw({80, false}) ==
        "GID        N  WHY\n"
        "order-17   1  refused: 409: already shipped\n"
        "订单-2    12\n");
  CHECK(table.draw({24, false}) ==
        "GID        N  WHY\n"
        "order-17   1  refused: …\n"
        "订单-2    12\n");
  // Nothing is narrower than it may be.
  CHECK(table.draw({10, false}) ==
        "GID      N  WHY\n"
        "order…   1  refu…\n"
        "订单-2  12\n");
}

TEST_CASE("durations and times are told as people tell them", "[cli][time]") {
  CHECK(duration_text(-5) == "0 ms");
  CHECK(duration_text(999) == "999 ms");
  CHECK(duration_text(9'960) == "9.9 s");
  CHECK(duration_text(59'999) == "59 s");
  CHECK(duration_text(200'000) == "3 min 20 s");
  CHECK(duration_text(120'000) == "2 min");
  CHECK(duration_text(7'500'000) == "2 h 5 min");
  CHECK(duration_text(90'000'000) == "1 d 1 h");
  CHECK(relative_text(10'000, 4'000) == "in 6.0 s");
  CHECK(relative_text(4'000, 10'000) == "6.0 s ago");
  CHECK(relative_text(4'500, 4'000) == "now");
  CHECK(time_text(escrow::cli::testing::ten_o_clock + 7) == "2026-01-05 10:00:00");
  CHECK(time_text(escrow::cli::testing::ten_o_clock + 7, true) == "2026-01-05 10:00:00.007");
}

TEST_CASE("messages of a stream are the same however they are torn apart", "[cli][stream]") {
  const std::string text =
      ":\nretry: 2000\nid: 41\n\nid: 42\nevent: started\ndata: {\"a\":1}\n\n: comment\r\nevent:gap\r\ndata: x\r\ndata: y\r\n\r\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    INFO("pieces of " << size);
    EventMessages messages;
    std::vector<EventMessage> got;
    for (std::size_t from = 0; from < text.size(); from += size) {
      for (auto& message : messages.feed(std::string_view(text).substr(from, size))) got.push_back(std::move(message));
    }
    REQUIRE(got.size() == 2);
    CHECK(got[0].id == "42");
    CHECK(got[0].event == "started");
    CHECK(got[0].data == "{\"a\":1}");
    CHECK(got[1].id == "42");
    CHECK(got[1].event == "gap");
    CHECK(got[1].data == "x\ny");
    CHECK(messages.last_id() == "42");
  }
}

TEST_CASE("a place without an event is remembered, half a message is not", "[cli][stream]") {
  EventMessages messages;
  CHECK(messages.feed("id: 7\n\nid: 8\ndata: x\n").empty());
  CHECK(messages.last_id() == "7");
}

TEST_CASE("a problem becomes a sentence with what to do", "[cli][api]") {
  const auto decided = failure_of(409, R"({"status":409,"code":"already_decided","title":"Conflict","detail":"it has aborted"})");
  CHECK(decided.status == ExitStatus::conflict);
  CHECK(decided.what == "it has aborted (409 already_decided)");
  CHECK_FALSE(decided.advice.empty());
  CHECK(failure_of(404, R"({"code":"not_found","title":"Not Found"})").status == ExitStatus::not_found);
  CHECK(failure_of(503, R"({"code":"overloaded","title":"x"})").status == ExitStatus::unavailable);
  const auto invalid = failure_of(
      422, R"({"code":"invalid","detail":"2 faults","errors":[{"pointer":"/mode","detail":"a"},{"parameter":"sort","detail":"b"}]})");
  CHECK(invalid.status == ExitStatus::refused);
  CHECK(invalid.what == "2 faults (422 invalid)\n  /mode: a\n  sort: b");
  CHECK(failure_of(502, "<html>").what.find("502") != std::string::npos);
}

TEST_CASE("what goes into a URL is encoded", "[cli][api]") {
  CHECK(encoded("a b&c=d/é") == "a%20b%26c%3Dd%2F%C3%A9");
  CHECK(QueryText().add("status", "active").add("attribute.x y", "1+1").text() == "?status=active&attribute.x%20y=1%2B1");
}
