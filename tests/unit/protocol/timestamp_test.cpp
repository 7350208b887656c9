#include "protocol/timestamp.hpp"

#include "protocol/uuid_v7.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace escrow::protocol;

TEST_CASE("times are written in UTC with milliseconds", "[protocol][time]") {
  CHECK(format_timestamp(0) == "1970-01-01T00:00:00.000Z");
  CHECK(format_timestamp(1'767'607'200'007) == "2026-01-05T10:00:00.007Z");
  CHECK(format_timestamp(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(format_timestamp(951'782'400'000) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("times outside four-digit years are written as the nearest inside", "[protocol][time]") {
  CHECK(format_timestamp(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(format_timestamp(std::numeric_limits<std::int64_t>::min()) == "0000-01-01T00:00:00.000Z");
  CHECK(parse_timestamp("9999-12-31T23:59:59.999Z").has_value());
  CHECK(parse_timestamp("0000-01-01T00:00:00Z").has_value());
}

TEST_CASE("every time that is written is read back", "[protocol][time]") {
  for (std::int64_t ms = -60'000'000'000'000; ms < 250'000'000'000'000; ms += 987'654'321'987)
    CHECK(parse_timestamp(format_timestamp(ms)) == ms);
}

TEST_CASE("offsets, fractions and small letters are read", "[protocol][time]") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_timestamp("1970-01-01t00:00:00.5z") == 500);
  CHECK(parse_timestamp("1970-01-01T01:30:00+01:30") == 0);
  CHECK(parse_timestamp("1969-12-31T23:00:00-01:00") == 0);
  CHECK(parse_timestamp("1970-01-01T00:00:00.123456789Z") == 123);
  CHECK(parse_timestamp("2016-12-31T23:59:60Z") == parse_timestamp("2016-12-31T23:59:59Z"));
}

TEST_CASE("what is no time is refused", "[protocol][time]") {
  for (const char* text :
       {"", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00Zx", "70-01-01T00:00:00Z", "1970-1-1T00:00:00Z", "-970-01-01T00:00:00Z", "1767607200"}) {
    INFO(text);
    CHECK_FALSE(parse_timestamp(text));
  }
}

TEST_CASE("a generated gid begins with the time and says version 7", "[protocol][time]") {
  const std::string id = uuid_v7(0x0123456789AB, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
  CHECK(id == "01234567-89ab-7fff-bfff-ffffffffffff");
  CHECK(uuid_v7(1, {}) == "00000000-0001-7000-8000-000000000000");
  CHECK(generate_gid(-5, {}).text() == "00000000-0000-7000-8000-000000000000");
  CHECK(uuid_v7(2, {}) > uuid_v7(1, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
}
