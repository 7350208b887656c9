#include "coordinator/transport/retry_after.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace escrow::transport;
using namespace std::chrono_literals;

namespace {

/// Sun, 06 Nov 1994 08:49:30 GMT
const std::chrono::system_clock::time_point now{784111770s};

}  // namespace

TEST_CASE("Retry-After in seconds", "[transport][retry_after]") {
  CHECK(parse_retry_after("1", now) == 1000ms);
  CHECK(parse_retry_after("0120", now) == 120000ms);
  CHECK(parse_retry_after("3600", now) == 3600000ms);
}

TEST_CASE("a huge Retry-After does not overflow", "[transport][retry_after]") {
  for (const std::string& digits : {std::string("1000000000"), std::string("18446744073709551616"), std::string(5000, '9')}) {
    const auto wait = parse_retry_after(digits, now);
    REQUIRE(wait.has_value());
    CHECK(*wait > 24h * 365);
    CHECK(now + *wait > now);
  }
}

TEST_CASE("Retry-After as a date in its three forms", "[transport][retry_after]") {
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 7000ms);
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now) == 7000ms);
  CHECK(parse_retry_after("Sun Nov  6 08:49:37 1994", now) == 7000ms);
  CHECK(parse_retry_after("Sun Nov 06 08:49:37 1994", now) == 7000ms);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:31 GMT", now + 400ms) == 600ms);
}

TEST_CASE("a two-digit year is the one within fifty years", "[transport][retry_after]") {
  const auto in_2026 = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  CHECK(parse_http_date("Friday, 02-Jan-26 00:00:00 GMT", in_2026) == in_2026 + 24h);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == now + 7s);
}

TEST_CASE("zero, the past and what cannot be read are no Retry-After", "[transport][retry_after]") {
  const std::string value = GENERATE(values<std::string>({
      "",
      "0",
      "000",
      "-1",
      "+1",
      "1.5",
      "1s",
      " 1",
      "1 ",
      "0x10",
      "soon",
      "1e3",
      "Sun, 06 Nov 1994 08:49:30 GMT",
      "Sun, 06 Nov 1994 08:49:29 GMT",
      "Thu, 01 Jan 1970 00:00:00 GMT",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 31 Feb 1999 08:49:37 GMT",
      "Sun, 06 Nov 1999 24:49:37 GMT",
      "Sun, 06 Nov 1999 08:60:37 GMT",
      "Sun, 06 Nov 1999 08:49:61 GMT",
      "Sun, 6 Nov 1999 08:49:37 GMT",
      "Xxx, 06 Nov 1999 08:49:37 GMT",
      "Sun, 06 Xxx 1999 08:49:37 GMT",
      "Sun, 06 Nov 9999 08:49:37 GMT",
      "Sun, 06 Nov 1999 08:49:37 GMT ",
      "1999-11-06T08:49:37Z",
      "Sun, 06 Nov 1999 08:49:37 GMT, 5",
  }));
  CAPTURE(value);
  CHECK_FALSE(parse_retry_after(value, now).has_value());
}
