#include <catch2/catch.hpp>

#include <string>

#include "protocol/signing/target_pattern.hpp"

namespace escrow::protocol::signing {
namespace {

bool matches(const std::string& pattern, const std::string& url) {
  const auto parsed = TargetPattern::parse(pattern);
  REQUIRE(parsed);
  return parsed->matches(*Url::parse(url));
}

TEST_CASE("a pattern without a port matches every port of its host, and one with a port only that", "[signing]") {
  CHECK(matches("pay.example", "https://pay.example/x"));
  CHECK(matches("pay.example", "http://PAY.example:8081/x"));
  CHECK_FALSE(matches("pay.example", "https://xpay.example/x"));
  CHECK_FALSE(matches("pay.example", "https://pay.example.evil/x"));
  CHECK(matches("pay.example:443", "https://pay.example/x"));
  CHECK_FALSE(matches("pay.example:443", "http://pay.example/x"));
  CHECK(matches("127.0.0.1:8081", "http://127.0.0.1:8081/"));
  CHECK_FALSE(matches("127.0.0.1:8081", "http://127.0.0.1:8082/"));
}

TEST_CASE("a star stands for one or more names in front, never for the name itself", "[signing]") {
  CHECK(matches("*.example", "http://a.example/"));
  CHECK(matches("*.example", "http://b.a.example/"));
  CHECK_FALSE(matches("*.example", "http://example/"));
  CHECK_FALSE(matches("*.example", "http://aexample/"));
  CHECK(matches("*.example:8081", "http://a.example:8081/"));
  CHECK_FALSE(matches("*.example:8081", "http://a.example/"));
  CHECK(matches("*", "http://anything:1/"));
}

TEST_CASE("IPv6 addresses match in every spelling", "[signing]") {
  CHECK(matches("::1", "http://[0:0:0:0:0:0:0:1]:8081/"));
  CHECK(matches("[::1]:8081", "http://[::1]:8081/"));
  CHECK_FALSE(matches("[::1]:8081", "http://[::1]:8082/"));
  CHECK(matches("[::1]", "http://[::1]:8082/"));
}

TEST_CASE("what is no pattern is refused", "[signing]") {
  for (const std::string wrong :
       {"", "*.", "a/b", "http://a", "a:0", "a:65536", "a:b", "user@a", "a b", "a?b", "a#b", "a/", "**.a", "*a"}) {
    INFO(wrong);
    CHECK_FALSE(TargetPattern::parse(wrong));
  }
}

}  // namespace
}  // namespace escrow::protocol::signing
