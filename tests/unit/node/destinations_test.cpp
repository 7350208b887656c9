#include "coordinator/engine/node/destinations.hpp"
#include "protocol/url.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>

#include "tests/unit/core/draft.hpp"

using namespace escrow;
using namespace escrow::engine::node;
using core::Duration;
using core::Time;

namespace {

constexpr Time start{Duration(1'000'000)};

HeldBack call(std::string path, std::uint32_t number, Duration latest = Duration(30'000)) {
  return {{"http://h:80", std::move(path)}, tests::gid("g"), {number, protocol::Role::forward}, start + latest};
}

std::vector<std::uint32_t> numbers(const std::vector<HeldBack>& calls) {
  std::vector<std::uint32_t> found;
  for (const auto& each : calls) found.push_back(each.ref.branch);
  return found;
}

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a destination is scheme, host and port, and a path is what follows", "[node][destinations]") {
  CHECK(target_of("http://h/a/b?c=d") == Target{"http://h:80", "/a/b"});
  CHECK(target_of("https://h/a") == Target{"https://h:443", "/a"});
  CHECK(target_of("http://h:8080/a").destination == "http://h:8080");
  CHECK(target_of("HTTP://H:80/A") == Target{"http://h:80", "/A"});
  CHECK(target_of("http://[::1]:8080/x").destination == "http://[::1]:8080");
  CHECK(target_of("http://[::1]/x").destination == "http://[::1]:80");
  CHECK(target_of("http://h").destination == target_of("http://h/").destination);
}

TEST_CASE("a destination taken from how a URL is spelled is the one that the parser finds", "[node]") {
  const std::string long_label(64, 'a');
  for (const std::string& url :
       {std::string("http://h/a"), std::string("https://pay.example.com/v1/charge?tenant=7&x=y"), std::string("http://h:80/"),
        std::string("https://h:443/a"), std::string("http://h:65535/a"), std::string("http://10.0.0.1:18081/stock/deduct"),
        std::string("http://H/a"), std::string("http://h./a"), std::string("http://a_b/c"), std::string("http://h?x"),
        std::string("http://h"), std::string("http://h/%41"), std::string("HTTPS://h/a"), "http://" + long_label.substr(1) + "/a",
        "http://" + long_label.substr(1) + ".b/a"}) {
    INFO(url);
    const auto parsed = protocol::Url::parse(url);
    REQUIRE(parsed.has_value());
    CHECK(target_of(url) == Target{parsed->destination(), parsed->target().substr(0, parsed->target().find('?'))});
  }
  // What the parser refuses is a destination of its own.
  for (const std::string& url :
       {std::string("http://h:65536/a"), std::string("http://h:0/a"), std::string("http://h:080000/a"), std::string("http://.h/a"),
        std::string("http://a..b/c"), std::string("http://h/a#b"), std::string("ftp://h/a"), std::string("http:///a"),
        std::string("http://h/a b"), "http://" + long_label + "/a"}) {
    INFO(url);
    REQUIRE_FALSE(protocol::Url::parse(url).has_value());
    CHECK(target_of(url) == Target{url, {}});
  }
}

TEST_CASE("one path holds at most half of the slots while another one waits", "[node][destinations]") {
  Settings settings;
  settings.calls_per_destination = 8;
  Destinations destinations(settings);
  for (std::uint32_t i = 0; i < 8; ++i) REQUIRE(destinations.acquire(call("/slow", i), false, start));
  for (std::uint32_t i = 10; i < 20; ++i) REQUIRE_FALSE(destinations.acquire(call("/slow", i), false, start));
  for (std::uint32_t i = 30; i < 40; ++i) REQUIRE_FALSE(destinations.acquire(call("/fast", i), false, start));
  CHECK(destinations.released(start).empty());
  Numbers out;
  for (int i = 0; i < 6; ++i) {
    destinations.release({"http://h:80", "/slow"}, true, start);
    for (const auto number : numbers(destinations.released(start))) out.push_back(number);
  }
  // Four of the slow ones left the slots to the fast path; from then on both hold half.
  CHECK(out == Numbers{30, 31, 32, 33, 10, 11});
}

TEST_CASE("paths that wait are served in turn", "[node][destinations]") {
  Settings settings;
  settings.calls_per_destination = 2;
  Destinations destinations(settings);
  REQUIRE(destinations.acquire(call("/x", 0), false, start));
  REQUIRE(destinations.acquire(call("/x", 1), false, start));
  for (const auto* path : {"/c", "/a", "/b"}) {
    for (std::uint32_t i = 0; i < 2; ++i)
      REQUIRE_FALSE(destinations.acquire(call(path, static_cast<std::uint32_t>(path[1]) * 10 + i), false, start));
  }
  Numbers out;
  std::string held = "/x";
  for (int i = 0; i < 6; ++i) {
    destinations.release({"http://h:80", held}, true, start);
    const auto released = destinations.released(start);
    REQUIRE(released.size() == 1);
    out.push_back(released.front().ref.branch / 10);
    held = released.front().target.path;
  }
  CHECK(out == Numbers{'a', 'b', 'c', 'a', 'b', 'c'});
}

TEST_CASE("the call with the nearest latest time leaves first, slots or not", "[node][destinations]") {
  Settings settings;
  settings.calls_per_destination = 1;
  Destinations destinations(settings);
  REQUIRE(destinations.acquire(call("/x", 0), false, start));
  REQUIRE_FALSE(destinations.acquire(call("/x", 1, Duration(30'000)), false, start));
  REQUIRE_FALSE(destinations.acquire(call("/x", 2, Duration(200)), false, start));
  CHECK(destinations.next_release() == start + Duration(200));
  CHECK(destinations.released(start + Duration(199)).empty());
  CHECK(numbers(destinations.released(start + Duration(200))) == Numbers{2});
  CHECK(destinations.next_release() == start + Duration(30'000));
}

TEST_CASE("the end of a pause wakes nobody while there is no slot", "[node][destinations][breaker]") {
  Settings settings;
  settings.calls_per_destination = 3;
  settings.breaker_failures = 1;
  Destinations destinations(settings);
  for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(destinations.acquire(call("/x", i), false, start));
  destinations.release({"http://h:80", "/x"}, false, start);
  REQUIRE(destinations.acquire(call("/x", 7), true, start));
  REQUIRE_FALSE(destinations.acquire(call("/x", 8), false, start));
  CHECK(destinations.released(start + Duration(1'000)).empty());
  CHECK(destinations.next_release() == start + Duration(30'000));
  SECTION("and what is freed is the probe's") {
    destinations.release({"http://h:80", "/x"}, false, start);
    CHECK(destinations.next_release() == start + Duration(1'000));
    CHECK(numbers(destinations.released(start + Duration(1'000))) == Numbers{8});
  }
}

TEST_CASE("a probe that is given back lets another one probe", "[node][destinations][breaker]") {
  Settings settings;
  settings.breaker_failures = 1;
  Destinations destinations(settings);
  REQUIRE(destinations.acquire(call("/x", 0), false, start));
  destinations.release({"http://h:80", "/x"}, false, start);
  REQUIRE_FALSE(destinations.acquire(call("/x", 1), false, start));
  REQUIRE_FALSE(destinations.acquire(call("/x", 2), false, start));
  const auto later = start + Duration(1'000);
  CHECK(numbers(destinations.released(later)) == Numbers{1});
  destinations.give_back({"http://h:80", "/x"});
  CHECK(numbers(destinations.released(later)) == Numbers{2});
}

TEST_CASE("one dead destination holds nobody else back", "[node][destinations][breaker]") {
  Settings settings;
  settings.breaker_failures = 1;
  Destinations destinations(settings);
  REQUIRE(destinations.acquire(call("/x", 0), false, start));
  destinations.release({"http://h:80", "/x"}, false, start);
  CHECK_FALSE(destinations.acquire(call("/x", 1), false, start));
  auto other = call("/x", 2);
  other.target.destination = "http://other:80";
  CHECK(destinations.acquire(other, false, start));
}

TEST_CASE("twenty thousand held back calls on paths of their own cost nothing while they wait", "[node][destinations][limit]") {
  Settings settings;
  settings.breaker_failures = 1;
  settings.breaker_pause = Duration(100'000);
  Destinations destinations(settings);
  REQUIRE(destinations.acquire(call("/x", 0), false, start));
  destinations.release({"http://h:80", "/x"}, false, start);
  for (std::uint32_t i = 0; i < 20'000; ++i) REQUIRE_FALSE(destinations.acquire(call("/orders/" + std::to_string(i), i), false, start));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(destinations.released(start).empty());
    REQUIRE(destinations.next_release() == start + Duration(30'000));
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  CHECK(destinations.released(start + Duration(30'000)).size() == 20'000);
}
