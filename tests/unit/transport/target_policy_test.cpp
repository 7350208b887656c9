#include "coordinator/transport/target_policy.hpp"

#include "coordinator/transport/errors.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace escrow::transport;

namespace {

boost::asio::ip::address address(const std::string& text) { return boost::asio::ip::make_address(text); }

TargetPolicy policy(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
  auto made = TargetPolicy::make(allow, deny);
  if (!made) throw std::runtime_error(made.error().detail);
  return *made;
}

}  // namespace

TEST_CASE("by default everything may be called but link-local and metadata addresses", "[transport][target_policy]") {
  const TargetPolicy defaults;
  for (const char* allowed : {"127.0.0.1", "10.1.2.3", "93.184.216.34", "::1", "2001:db8::1", "169.253.255.255", "169.255.0.0", "fec0::1",
                              "0.0.0.0", "::ffff:10.0.0.1"}) {
    CAPTURE(allowed);
    CHECK(defaults.allows("host", address(allowed)));
  }
  for (const char* forbidden :
       {"169.254.169.254", "169.254.0.0", "169.254.255.255", "fe80::1", "febf::1", "fd00:ec2::254", "100.100.100.200", "192.0.0.192",
        "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "fe80::1%1", "fd00:ec2::23",
        "168.63.129.16", "::ffff:0:169.254.169.254", "2001:0:4136:e378:8000:63bf:5601:5601"}) {
    CAPTURE(forbidden);
    CHECK_FALSE(defaults.allows("host", address(forbidden)));
  }
}

TEST_CASE("numeric forms of an address are seen through", "[transport][target_policy]") {
  const TargetPolicy no_loopback = policy({}, {"127.0.0.0/8", "::1"});
  for (const char* literal :
       {"127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.1", "127.0.0.1.", "::1",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "0.0.0.0", "0", "::", "::ffff:0.0.0.0", "0x0"}) {
    CAPTURE(literal);
    CHECK(no_loopback.forbids_literal(literal));
    CHECK_FALSE(TargetPolicy().forbids_literal(literal));
  }
  for (const char* other : {"localhost", "128.0.0.1", "example.com", "0x7g.1", "1.2.3.4.5"}) {
    CAPTURE(other);
    CHECK_FALSE(no_loopback.forbids_literal(other));
  }
  CHECK(TargetPolicy().forbids_literal("2852039166"));  // 169.254.169.254
  CHECK(TargetPolicy().forbids_literal("0xa9.254.0xa9fe"));
}

TEST_CASE("denied hosts and networks are refused whatever allows them", "[transport][target_policy]") {
  const TargetPolicy both = policy({"10.0.0.0/8", "pay.example.com"}, {"10.1.0.0/16", "pay.example.com", "*.evil.example"});
  CHECK(both.allows("any", address("10.2.0.1")));
  CHECK_FALSE(both.allows("any", address("10.1.0.1")));
  CHECK_FALSE(both.allows("pay.example.com", address("10.2.0.1")));
  CHECK_FALSE(both.allows("PAY.example.com.", address("10.2.0.1")));
  CHECK_FALSE(both.allows("a.evil.example", address("10.2.0.1")));
  CHECK_FALSE(both.allows("a.b.evil.example", address("10.2.0.1")));
  CHECK(both.allows("evil.example", address("10.2.0.1")));
  CHECK(both.allows("devil.example", address("10.2.0.1")));
}

TEST_CASE("with allowed targets everything else is refused", "[transport][target_policy]") {
  const TargetPolicy some = policy({"pay.example.com", "*.stock.example", "fd00::/8", "192.0.2.7"}, {});
  CHECK(some.allows("pay.example.com", address("203.0.113.1")));
  CHECK(some.allows("a.stock.example", address("203.0.113.1")));
  CHECK(some.allows("any", address("192.0.2.7")));
  CHECK(some.allows("any", address("fd12::1")));
  CHECK_FALSE(some.allows("any", address("192.0.2.8")));
  CHECK_FALSE(some.allows("other.example.com", address("203.0.113.1")));
  CHECK_FALSE(some.forbids_literal("other.example.com"));  // it may resolve into fd00::/8
  CHECK(policy({"pay.example.com"}, {}).forbids_literal("other.example.com"));
  CHECK(some.forbids_literal("192.0.2.8"));
}

TEST_CASE("an allowed host name does not open a metadata address, an allowed network does", "[transport][target_policy]") {
  const auto metadata = address("169.254.169.254");
  CHECK_FALSE(policy({"pay.example.com"}, {}).allows("pay.example.com", metadata));
  CHECK(policy({"169.254.169.254"}, {}).allows("pay.example.com", metadata));
  CHECK(policy({"169.254.0.0/16", "0.0.0.0/0"}, {}).allows("any", metadata));
}

TEST_CASE("rules that are neither hosts nor networks are named", "[transport][target_policy]") {
  const std::string rule =
      GENERATE(values<std::string>({"", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/a", "10.0.0/8", "http://host", "host:80", "a b",
                                    "0x7f.1", "*", "*.", "fe80::1%1", "10.0.0.0/-1"}));
  CAPTURE(rule);
  const auto made = TargetPolicy::make({}, {"fine.example", rule});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == make_error_code(Errc::target_rule_invalid));
  CHECK(made.error().detail.find("targets.deny") != std::string::npos);
  CHECK(made.error().detail.find("\"" + rule + "\"") != std::string::npos);
}

TEST_CASE("networks end inside of bytes too", "[transport][target_policy]") {
  const TargetPolicy some = policy({"10.16.0.0/12", "2001:db8:8000::/33"}, {});
  CHECK(some.allows("h", address("10.31.255.255")));
  CHECK_FALSE(some.allows("h", address("10.32.0.0")));
  CHECK_FALSE(some.allows("h", address("10.15.255.255")));
  CHECK(some.allows("h", address("2001:db8:ffff::1")));
  CHECK_FALSE(some.allows("h", address("2001:db8:7fff::1")));
  CHECK(policy({"0.0.0.0/0"}, {}).allows("h", address("1.2.3.4")));
}
