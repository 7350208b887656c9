#include "coordinator/engine/node/recent.hpp"

#include <catch2/catch.hpp>

#include "coordinator/engine/node/destinations.hpp"

using namespace escrow;
using namespace escrow::engine::node;
using core::Duration;
using core::Time;

namespace {

constexpr Time start{Duration(1'000'000)};

core::Outcome outcome(core::Outcome::Class kind, const char* detail = "") {
  core::Outcome out;
  out.outcome = kind;
  out.detail = detail;
  return out;
}

}  // namespace

TEST_CASE("a quantile of durations is right within its bucket", "[node][recent]") {
  Durations durations;
  CHECK_FALSE(durations.quantile(0.5));
  for (int i = 0; i < 90; ++i) durations.add(Duration(8));
  for (int i = 0; i < 10; ++i) durations.add(Duration(900));
  CHECK(durations.count() == 100);
  CHECK(durations.quantile(0.5) > Duration(7));
  CHECK(durations.quantile(0.5) <= Duration(10));
  CHECK(durations.quantile(0.9) == Duration(10));
  CHECK(durations.quantile(0.95) > Duration(700));
  CHECK(durations.quantile(0.95) <= Duration(1'000));
  durations.add(Duration(100'000'000));
  CHECK(durations.quantile(1.0) == Duration(3'600'000));
  Durations others;
  others.add(Duration(0));
  others.add(durations);
  CHECK(others.count() == 102);
}

TEST_CASE("what was long ago is forgotten, and quiet seconds take nothing", "[node][recent]") {
  Recent<CallStep, 10> recent;
  const std::int64_t second = Recent<CallStep, 10>::second_of(start);
  for (int i = 0; i < 100; ++i) ++recent.at(start + std::chrono::seconds(i)).calls;
  CHECK(recent.sum(second + 90, second + 100).calls == 10);
  CHECK(recent.sum(second, second + 100).calls == 10);
  CHECK(recent.sum(second + 95, second + 97).calls == 2);
  CHECK(recent.sum(second + 100, second + 200).calls == 0);
  ++recent.at(start + std::chrono::hours(1)).calls;
  CHECK(recent.sum(second, second + 10'000).calls == 1);
}

TEST_CASE("a destination remembers how its calls ended", "[node][destinations]") {
  Settings settings;
  settings.breaker_failures = 2;
  Destinations destinations(settings);
  const Target target{"http://h:80", "/a"};
  const auto call = [&](core::Outcome::Class kind, bool healthy, Time now) {
    REQUIRE(destinations.acquire({target, {}, {0, protocol::Role::forward}, now}, true, now));
    destinations.record(target, outcome(kind, "500"), healthy, Duration(20), now);
    destinations.release(target, healthy, now);
  };
  call(core::Outcome::Class::succeeded, true, start);
  call(core::Outcome::Class::refused, true, start);
  call(core::Outcome::Class::unknown, false, start + Duration(10));
  auto view = destinations.view(start + Duration(20)).at(0);
  CHECK(view.calls == 3);
  CHECK(view.failures == 1);
  CHECK(view.outcomes == std::array<std::uint64_t, 5>{1, 1, 0, 0, 1});
  CHECK(view.recent.calls == 3);
  CHECK(view.recent.errors == 1);
  CHECK(view.last_error == "500");
  CHECK(view.last_error_at == start + Duration(10));
  CHECK(view.last_success_at == start);
  CHECK(view.breaker == BreakerState::closed);
  CHECK(view.failures_in_row == 1);
  CHECK_FALSE(view.open_until);

  call(core::Outcome::Class::unknown, false, start + Duration(30));
  view = destinations.view(start + Duration(40)).at(0);
  CHECK(view.breaker == BreakerState::open);
  CHECK(view.open_until == start + Duration(30) + settings.breaker_pause);
  const Time probed_at = start + Duration(31) + settings.breaker_pause;
  CHECK(destinations.view(probed_at).at(0).breaker == BreakerState::open);
  REQUIRE(destinations.acquire({target, {}, {0, protocol::Role::forward}, probed_at}, false, probed_at));
  view = destinations.view(probed_at).at(0);
  CHECK(view.breaker == BreakerState::probing);
  CHECK_FALSE(view.open_until);
  CHECK(view.calls == 5);
  // Nobody wants it any more: it was never made.
  destinations.give_back(target);
  view = destinations.view(probed_at).at(0);
  CHECK(view.breaker == BreakerState::open);
  CHECK(view.calls == 4);
  call(core::Outcome::Class::succeeded, true, start + std::chrono::minutes(2));
  view = destinations.view(start + std::chrono::minutes(2)).at(0);
  CHECK(view.breaker == BreakerState::closed);
  CHECK(view.recent.calls == 1);
  CHECK(view.calls == 5);
}
