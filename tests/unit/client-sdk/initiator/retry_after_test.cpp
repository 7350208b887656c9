#include "client-sdk/src/http/retry_after.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using escrow::http::parse_retry_after;

TEST_CASE("Retry-After is read as seconds or as a date and bounded by an hour", "[sdk][http]") {
  const auto now = std::chrono::system_clock::from_time_t(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("2", now) == 2'000ms);
  CHECK(parse_retry_after("0", now) == std::nullopt);
  CHECK(parse_retry_after("-1", now) == std::nullopt);
  CHECK(parse_retry_after("soon", now) == std::nullopt);
  CHECK(parse_retry_after("", now) == std::nullopt);
  CHECK(parse_retry_after("1.5", now) == std::nullopt);
  CHECK(parse_retry_after("99999999999999999999999", now) == 1h);
  CHECK(parse_retry_after("7200", now) == 1h);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now) == 10'000ms);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == std::nullopt);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT and more", now) == std::nullopt);
}
