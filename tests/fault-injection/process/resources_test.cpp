#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <set>
#include <vector>

#include "tests/fault-injection/process/places.hpp"
#include "tests/fault-injection/process/stage.hpp"
#include "tests/fault-injection/sim/random.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;

namespace {

Stage::Wanted with_stderr_to(const std::string& target) {
  Stage::Wanted wanted;
  wanted.wrapper = {"/bin/sh", "-c", "exec \"$@\" 2>" + target, "sh"};
  wanted.environment = {"ESCROW_LOG_LEVEL=debug"};
  return wanted;
}

/// What a process may end with that has no memory: an exception that nobody may catch (134), or one that `main` reports (1).
bool is_end_without_memory(int ending) { return ending == 1 || ending == 134; }

#ifdef ESCROW_HAS_FAULT_ALLOCATION
std::vector<std::string> points_of(Family family) {
  std::set<std::string> points;
  for (const Place& place : places_of(family)) points.insert(place.point);
  return {points.begin(), points.end()};
}
#endif

/// What strikes is counted.
Stage::Wanted traced() {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  return wanted;
}

}  // namespace

TEST_CASE("A24 an assertion that fails on one connection ends the process and nothing is half written", "[process]") {
  Stage stage;
  for (const Family family : families) {
    for (const char* point : {"http.received", "http.answering", "engine.write", "engine.written", "call.answered", "store.batch.before"}) {
      stage.coordinator().set_rules(std::string(point) + " abort at 2");
      stage.play(family);
    }
  }
  const auto endings = stage.coordinator().endings();
  CHECK(endings.size() >= 25);
  CHECK(std::ranges::all_of(endings, [](int ending) { return ending == 134; }));
  CHECK(stage.verdict() == "");
}

TEST_CASE("A24 an exception on one connection is answered 500 or ends it and the others go on", "[process]") {
  Stage stage(traced());
  for (const Family family : families) {
    const auto before = stage.strikes();
    stage.coordinator().set_rules("http.answering throw at 2 times 3");
    stage.play(family);
    CHECK(stage.strikes() > before);
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("A24 an exception in the middle of a call leaves its outcome unknown and the call is made again", "[process]") {
  Stage stage(traced());
  for (const Family family : families) {
    for (const char* point : {"call.before", "call.sent", "call.answered"}) {
      INFO(to_string(family) << ", " << point);
      const auto before = stage.strikes();
      stage.coordinator().set_rules(std::string(point) + " throw at 2 times 3");
      stage.play(family);
      CHECK(stage.strikes() > before);
    }
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("A24 an exception in the middle of a step ends the process and nothing is half written", "[process]") {
  Stage stage;
  for (const Family family : families) {
    for (const char* point : {"engine.write", "engine.written"}) {
      stage.coordinator().set_rules(std::string(point) + " throw at 3");
      stage.play(family);
    }
  }
  const auto endings = stage.coordinator().endings();
  CHECK(endings.size() >= 8);
  for (const int ending : endings) {
    INFO(ending);
    CHECK(is_end_without_memory(ending));
  };
  CHECK(stage.verdict() == "");
}

TEST_CASE("A25 accepting goes on after an exception of a moment", "[process]") {
  Stage stage(traced());
  for (const Family family : families) {
    for (const std::string action : {"nomem", "throw"}) {
      const auto before = stage.strikes();
      stage.coordinator().set_rules("http.accepted " + action + " at 1 times 3");
      stage.play(family);
      REQUIRE(stage.wait_for_strikes(before + 3));
    }
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

#ifdef ESCROW_HAS_FAULT_ALLOCATION
TEST_CASE("A25 whichever allocation fails a request is refused or the process ends and the log is consistent", "[process]") {
  std::size_t set = 0;
  std::size_t deaths = 0;
  for (const Family family : families) {
    const auto points = points_of(family);
    Stage stage;
    const Initiator initiator = stage.initiator();
    // Each point is the turn of two families or three, and of each kind in one of them at least.
    for (std::size_t i = static_cast<std::size_t>(family) % 2; i < points.size(); i += 2) {
      const bool is_starving = (i / 2 + static_cast<std::size_t>(family) / 2) % 2 == 0;
      // Near allocations often, far ones as the dice fall.
      const std::uint64_t draw = sim::mixed(static_cast<std::uint64_t>(family), i);
      const std::uint64_t number = 1 + draw / 3 % (draw % 3 == 0 ? 400 : 25);
      const auto plans = stage.take(family);
      const auto life = stage.coordinator().life();
      stage.coordinator().set_rules(points[i] + (is_starving ? " starve:" : " memory:") + std::to_string(number) + " at 1");
      auto clients = std::async(std::launch::async, [&] { run_all(initiator, plans); });
      // Who has survived so long without memory gets some again.
      stage.coordinator().wait_for_end(life.number, 200ms);
      stage.coordinator().set_rules("* memory:0");
      clients.get();
      ++set;
    }
    INFO(to_string(family));
    const std::string found = stage.verdict(true);
    CHECK(found == "");
    auto endings = stage.coordinator().endings();
    REQUIRE_FALSE(endings.empty());
    endings.pop_back();  // by the verdict
    for (const int ending : endings) {
      INFO(ending);
      CHECK(is_end_without_memory(ending));
    }
    deaths += endings.size();
  }
  std::printf("%zu times memory ran out, %zu times the process ended\n", set, deaths);
  CHECK(deaths > 5);
  CHECK(deaths < set);
}
#endif

TEST_CASE("A26 with no descriptor left nothing is lost and with some it goes on by itself", "[process]") {
  Stage stage;
  KeptProcess& coordinator = stage.coordinator();
  stage.play(Family::saga);
  const auto life = coordinator.life();
  rlimit before{};
  REQUIRE(::prlimit(coordinator.pid(), RLIMIT_NOFILE, nullptr, &before) == 0);
  // Fewer than are open: not one more.
  const rlimit none{3, before.rlim_max};
  for (const Family family : families) {
    const auto plans = stage.take(family);
    REQUIRE(::prlimit(coordinator.pid(), RLIMIT_NOFILE, &none, nullptr) == 0);
    auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
    // For as long as it takes to try in vain.
    coordinator.wait_for_end(life.number, 300ms);
    REQUIRE(::prlimit(coordinator.pid(), RLIMIT_NOFILE, &before, nullptr) == 0);
    clients.get();
  }
  CHECK(coordinator.endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

TEST_CASE("J13 with the disk for logs full transactions go on", "[process]") {
  Stage stage(with_stderr_to("/dev/full"));
  for (const Family family : families) stage.play(family);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("J13 with nobody who reads the logs transactions go on", "[process]") {
  // A pipe that is open for reading, and never read: 64 KiB fit, then a write to it would wait for ever.
  Workplace workplace;
  const std::string pipe = workplace.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(reader >= 0);
  Stage stage(with_stderr_to(pipe));
  for (int round = 0; round < 12; ++round) {
    for (const Family family : families) stage.play(family);
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
  int waiting = 0;
  REQUIRE(::ioctl(reader, FIONREAD, &waiting) == 0);
  ::close(reader);
  // It did fill up.
  CHECK(waiting > 60'000);
}
