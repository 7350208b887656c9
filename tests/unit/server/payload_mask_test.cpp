#include "coordinator/server/secrets/payload_mask.hpp"

#include <catch2/catch.hpp>

using namespace escrow::server;

namespace {

std::string masked(const std::vector<std::string>& members, std::string_view json) {
  const auto mask = PayloadMask::make(members);
  REQUIRE(mask);
  std::string out = ">";
  mask->append(out, json);
  return out.substr(1);
}

}  // namespace

TEST_CASE("a name hides its member wherever it stands, and everything else goes out as it came", "[server][secrets]") {
  CHECK(masked({"pin"}, R"({ "pin" : 1.00 , "a":[{"pin":{"x":[1]}}, {"b" : 1e400}] })") ==
        R"({ "pin" : "***" , "a":[{"pin":"***"}, {"b" : 1e400}] })");
  CHECK(masked({"pin"}, R"("pin")") == R"("pin")");
  CHECK(masked({"pin"}, R"(["pin"])") == R"(["pin"])");
  CHECK(masked({"pin"}, R"({"Pin":1,"pins":2})") == R"({"Pin":1,"pins":2})");
  // The same name, written otherwise.
  CHECK(masked({"pin"}, R"({"\u0070in":1})") == R"({"\u0070in":"***"})");
  CHECK(masked({"0"}, R"([1,2])") == "[1,2]");
}

TEST_CASE("a pointer hides one place, and a star any step", "[server][secrets]") {
  CHECK(masked({"/a/b"}, R"({"a":{"b":1,"c":{"b":2}},"b":3})") == R"({"a":{"b":"***","c":{"b":2}},"b":3})");
  CHECK(masked({"/a/1"}, R"({"a":[1,2,3]})") == R"({"a":[1,"***",3]})");
  CHECK(masked({"/a/*/pin"}, R"({"a":[{"pin":1},{"pin":2}],"pin":3})") == R"({"a":[{"pin":"***"},{"pin":"***"}],"pin":3})");
  CHECK(masked({"/a~1b", "/m~0n"}, R"({"a/b":1,"m~n":2})") == R"({"a/b":"***","m~n":"***"})");
  CHECK(masked({"/a", "b"}, R"({"a":1,"c":{"b":2}})") == R"({"a":"***","c":{"b":"***"}})");
}

TEST_CASE("what is no JSON is hidden as a whole, and what hides nothing is refused", "[server][secrets]") {
  CHECK(masked({"a"}, "{") == R"("***")");
  CHECK_FALSE(PayloadMask::make({""}));
  CHECK_FALSE(PayloadMask::make({"/a~2"}));
  CHECK_FALSE(PayloadMask::make({"/a~"}));
  CHECK(PayloadMask().is_empty());
}

TEST_CASE("words of a participant are hidden and sentences of ours are not", "[server][secrets]") {
  CHECK(without_participants_words("409: no card 4111") == "409: ***");
  CHECK(without_participants_words("refused: 409: no card 4111") == "refused: 409: ***");
  CHECK(without_participants_words("12 calls without success, the last: 503: card 4111") == "12 calls without success, the last: 503: ***");
  for (const char* text : {"503 from participant", "connection refused: 127.0.0.1", "", "409:", "no answer in time", "4111: x"})
    CHECK(without_participants_words(text) == text);
}
