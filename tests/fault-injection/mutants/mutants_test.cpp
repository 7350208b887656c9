#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "protocol/planted_bug.hpp"
#include "tests/fault-injection/mutants/hunt.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/sim/bugs.hpp"

using namespace escrow;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The planted bugs that a binary holds, by the marks in it and by their names.
std::set<std::string> bugs_in(const std::string& path) {
  const std::string content = content_of(path);
  std::set<std::string> found;
  for (const auto& bug : mutants::planted_bugs()) {
    if (content.find(std::string(planted::mark).append(bug.name)) != std::string::npos) found.emplace(bug.name);
  }
  return found;
}

bool has_mark(const std::string& path) { return content_of(path).find(planted::mark) != std::string::npos; }

}  // namespace

TEST_CASE("ten planted bugs a day are found by the oracles that are there for them", "[simulation][mutants]") {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()).time_since_epoch().count();
  for (const auto& bug : mutants::ten_of_the_day(today)) {
    INFO(bug.name << " (" << bug.where << ") is for " << bug.oracle);
    const auto kill = mutants::hunt(bug, {0, 100'000, 60});
    CHECK(kill.seed > 0);
  }
}

TEST_CASE("a bug that is not there is not found", "[simulation][mutants]") {
  const mutants::PlantedBug none{"there_is_no_such_bug", "nowhere", "nothing", "S1"};
  const auto kill = mutants::hunt(none, {1, 50, 60});
  CHECK(kill.seed == 0);
  CHECK_FALSE(kill.died);
}

TEST_CASE("there are forty planted bugs in four rooms and each has one name", "[simulation][mutants]") {
  const auto bugs = mutants::planted_bugs();
  CHECK(bugs.size() >= 40);
  std::set<std::string_view> names;
  for (const auto& bug : bugs) names.insert(bug.name);
  CHECK(names.size() == bugs.size());
  for (const std::string_view room : {"core/", "node/", "barrier/", "store/"}) {
    INFO(room);
    CHECK(std::ranges::any_of(bugs, [&](const auto& bug) { return bug.where.starts_with(room); }));
  }
}

TEST_CASE("each oracle has a planted bug to prove itself on", "[simulation][mutants]") {
  const auto of_product = mutants::planted_bugs();
  const auto of_driver = sim::planted_bugs();
  for (const auto& oracle : oracles::all()) {
    INFO(oracle.id);
    CHECK((std::ranges::find(of_product, oracle.id, &mutants::PlantedBug::oracle) != of_product.end() ||
           std::ranges::find(of_driver, oracle.id, &sim::PlantedBug::oracle) != of_driver.end()));
  }
}

TEST_CASE("what is installed holds no planted bug and the program for the tests holds each", "[simulation][mutants]") {
  for (const std::string path : {ESCROW_BINARIES}) {
    INFO(path);
    CHECK_FALSE(has_mark(path));
    CHECK(bugs_in(path).empty());
  }
  CHECK(has_mark(ESCROW_PLANTED_BINARY));
  CHECK(bugs_in(ESCROW_PLANTED_BINARY).size() == mutants::planted_bugs().size());
}
