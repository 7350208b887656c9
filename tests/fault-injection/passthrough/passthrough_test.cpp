#include <catch2/catch.hpp>

#include <cstdio>
#include <string>

#include "tests/fault-injection/passthrough/storm.hpp"
#include "tests/fault-injection/passthrough/wire.hpp"

using namespace escrow::passthrough;
using namespace std::chrono_literals;

namespace {

void print(const Aftermath& aftermath) {
  std::printf("%zu transactions: %zu committed, %zu aborted; %zu kills; %zu requests on the wire\n", aftermath.transactions,
              aftermath.committed, aftermath.aborted, aftermath.kills, aftermath.requests);
  for (const auto& [kind, count] : aftermath.struck) std::printf("  %-28s %zu\n", kind.c_str(), count);
}

/// Said first, so that a storm that ends in whatever way can be made again.
void say(const Storm& storm) {
  std::printf("ESCROW_STORM_SEED=%llu\n", static_cast<unsigned long long>(storm.seed));
  std::fflush(stdout);
}

void check(const Aftermath& aftermath) {
  print(aftermath);
  CHECK(aftermath.verdict == "");
  CHECK(aftermath.last_status == 0);
  CHECK(aftermath.committed + aftermath.aborted == aftermath.transactions);
  CHECK(aftermath.committed > 5);
  CHECK(aftermath.aborted > 1);
}

std::size_t struck(const Aftermath& aftermath) {
  std::size_t all = 0;
  for (const auto& [kind, count] : aftermath.struck) all += count;
  return all;
}

}  // namespace

TEST_CASE("every mode comes through a swarm of network faults on every line", "[passthrough]") {
  Storm storm;
  storm.seed = storm_seed(20260105);
  storm.lasts = storm_time(15s);
  storm.rules = swarm_rules(storm.seed);
  say(storm);
  const Aftermath aftermath = weather(storm);
  check(aftermath);
  CHECK(aftermath.struck.size() > 5);
  CHECK(struck(aftermath) > 20);
}

TEST_CASE("every mode comes through a coordinator that is killed every few seconds", "[passthrough]") {
  Storm storm;
  storm.seed = storm_seed(7);
  storm.lasts = storm_time(15s);
  storm.has_kills = true;
  // Nothing strikes, but the wire is seen.
  storm.rules = "rules: []";
  storm.is_api_clean = true;
  say(storm);
  const Aftermath aftermath = weather(storm);
  check(aftermath);
  CHECK(aftermath.kills >= 2);
}

TEST_CASE("every mode comes through network faults and kills at once", "[passthrough]") {
  Storm storm;
  storm.seed = storm_seed(4);
  storm.lasts = storm_time(15s);
  storm.has_kills = true;
  storm.rules = swarm_rules(storm.seed);
  say(storm);
  const Aftermath aftermath = weather(storm);
  check(aftermath);
  CHECK(aftermath.kills >= 2);
  CHECK(struck(aftermath) > 20);
}
