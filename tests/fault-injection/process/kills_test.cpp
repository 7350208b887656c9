#include <catch2/catch.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <regex>
#include <set>
#include <thread>

#include "tests/fault-injection/process/kills.hpp"

using namespace escrow::processes;

namespace {

/// Most faults must strike, or the test proves little: which writes share a commit is chance, so not all do.
void check(const Killed& killed, double share) {
  std::printf("%s\n", killed.text().c_str());
  CHECK(killed.verdict == "");
  CHECK(static_cast<double>(killed.struck) >= share * static_cast<double>(killed.set));
  CHECK(killed.deaths >= killed.struck);
  CHECK(killed.unwanted == "");
  CHECK(killed.other_ends == 0);
}

}  // namespace

TEST_CASE("A01 A02 A03 A04 A16 A17 A18 A19 killed at each failpoint a saga is carried to its end", "[process]") {
  check(strike(Family::saga, each_place(Family::saga)), 0.9);
}

TEST_CASE("A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 killed at each failpoint a TCC transaction is carried to its end", "[process]") {
  check(strike(Family::tcc, each_place(Family::tcc)), 0.9);
}

TEST_CASE("killed at each failpoint a mixed transaction is carried to its end", "[process]") {
  check(strike(Family::mixed, each_place(Family::mixed)), 0.9);
}

TEST_CASE("killed at each failpoint a transaction with a pivot is carried to its end", "[process]") {
  check(strike(Family::pivot, each_place(Family::pivot)), 0.9);
}

TEST_CASE("killed at each failpoint a message is carried to its end", "[process]") {
  check(strike(Family::message, each_place(Family::message)), 0.9);
}

TEST_CASE("A20 killed again two, three and ten times while it starts it still makes progress in the end", "[process]") {
  Killed all;
  for (const Family family : families) {
    for (const std::size_t deaths : {2U, 3U}) all.add(strike(family, crash_loops(family, 20 + deaths, 6, deaths)));
    all.add(strike(family, crash_loops(family, 30, 2, 10)));
  }
  check(all, 0.9);
  CHECK(all.deaths >= 280);
}

TEST_CASE("A22 SIGTERM at each failpoint ends the coordinator cleanly and loses nothing", "[process]") {
  Killed all;
  for (const Family family : families) {
    auto blows = each_place(family);
    for (Blow& blow : blows) blow.action = "term";
    // A third of them, another one in each family: a clean end waits for the calls that are open.
    std::vector<Blow> some;
    for (std::size_t i = static_cast<std::size_t>(family) % 3; i < blows.size(); i += 3) some.push_back(std::move(blows[i]));
    all.add(strike(family, some));
  }
  std::printf("%s, %llu clean ends\n", all.text().c_str(), static_cast<unsigned long long>(all.clean_ends));
  CHECK(all.verdict == "");
  CHECK(all.unwanted == "");
  CHECK(all.other_ends == 0);
  // Each stage is ended by a SIGKILL.
  CHECK(all.deaths <= families.size());
  CHECK(all.clean_ends + families.size() >= all.struck);
  CHECK(static_cast<double>(all.struck) >= 0.8 * static_cast<double>(all.set));
}

TEST_CASE("G01 G02 G03 participants killed before and after their local commits lose nothing and do nothing twice", "[process]") {
  Killed all;
  for (const Family family : families) all.add(strike_services(family, 4));
  check(all, 0.7);
  CHECK(all.deaths >= 50);
}

TEST_CASE("A23 stopped at a failpoint beyond deadlines and gone on with nothing is decided from stale memory", "[process]") {
  using namespace std::chrono_literals;
  int stopped = 0;
  for (const Family family : families) {
    const auto places = places_of(family);
    Stage::Wanted wanted;
    wanted.timing = {300, 150};
    Stage stage(wanted);
    KeptProcess& coordinator = stage.coordinator();
    for (std::size_t i = 0; i < places.size(); i += 12) {
      const auto plans = stage.take(family);
      const auto life = coordinator.life();
      coordinator.set_rules(rule_at(places[i], "stop", 1, plans.front().transaction));
      auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
      // Which of the two comes first is chance: that the rule strikes, or that all is over.
      const auto is_stopped = [&] {
        std::ifstream file("/proc/" + std::to_string(coordinator.pid()) + "/stat");
        const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        return text.find(") T ") != std::string::npos;
      };
      bool seen = false;
      for (int turn = 0; turn < 200 && !seen; ++turn) {
        coordinator.wait_for_end(life.number, 5ms);
        seen = is_stopped();
      }
      // Longer than every deadline and request.
      if (seen) coordinator.wait_for_end(life.number, 600ms);
      coordinator.set_rules("");
      coordinator.signal(SIGCONT);
      clients.get();
      stopped += seen ? 1 : 0;
    }
    CHECK(stage.verdict() == "");
    CHECK(stage.last_status() == 0);
  }
  CHECK(stopped >= 12);
}

TEST_CASE("every failpoint in the sources is come to by these tests", "[process]") {
  std::set<std::string> reached;
  for (const std::string& point : points_of_a_start()) reached.insert(point);
  for (const Family family : families) {
    for (const Place& place : places_of(family)) reached.insert(place.point);
  }
  // Those of other tests: the schema's steps, the disk, the way out, and transactions that have left memory.
  const std::set<std::string> elsewhere{"migration.before",
                                        "migration.written",
                                        "migration.after",
                                        "store.checkpoint.before",
                                        "store.checkpoint.after",
                                        "store.upkeep.begin",
                                        "store.upkeep.before",
                                        "store.upkeep.after",
                                        "drain.begun",
                                        "drain.engine",
                                        "drain.done",
                                        "recovery.load"};
  const std::regex place("ESCROW_FAULT_(?:POINT|ERROR)\\(\"([a-z.]+)\"");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(ESCROW_SOURCES "/coordinator")) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::sregex_iterator at(text.begin(), text.end(), place), end; at != end; ++at) {
      ++found;
      INFO((*at)[1].str());
      CHECK((reached.contains((*at)[1].str()) || elsewhere.contains((*at)[1].str())));
    }
  }
  CHECK(found >= 40);
}
