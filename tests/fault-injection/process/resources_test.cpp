#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <vector>

#include "tests/fault-injection/process/stage.hpp"

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
    CHECK((ending == 134 || ending == 1));
  };
  CHECK(stage.verdict() == "");
}

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
