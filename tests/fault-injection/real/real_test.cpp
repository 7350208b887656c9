#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/fault-injection/real/report.hpp"
#include "tests/fault-injection/sim/identities.hpp"

using namespace escrow;
using What = real::Result::What;

namespace {

std::string text_of(const real::Case& one, const real::Result& result) {
  std::string text = one.scenario->name;
  for (const auto& fault : one.faults) text += ", " + sim::text_of(fault);
  return text + ": " + result.why;
}

}  // namespace

TEST_CASE("every canonical scenario takes its course on real processes", "[real]") {
  std::vector<real::Case> cases;
  for (const explore::Scenario& scenario : explore::scenarios()) cases.push_back({&scenario, {}});
  const auto results = real::play(cases, {});
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(text_of(cases[i], results[i]));
    CHECK(results[i].what == What::sound);
  }
}

TEST_CASE("single faults of every kind that a wire can have break nothing on real processes", "[real]") {
  // One of each kind and scenario without the second transaction; `escrow-explore-real` plays them all.
  std::vector<real::Case> cases;
  std::set<std::string> taken;
  for (const real::Case& one : real::all_singles()) {
    if (one.scenario->shapes.size() > 1) continue;
    const auto& fault = one.faults.at(0);
    const std::string kind = std::string(sim::describe(fault.point).name) + (fault.until_healed ? " lasts" : "");
    if (taken.insert(one.scenario->name + kind).second) cases.push_back(one);
  }
  const auto results = real::play(cases, {});
  std::set<std::string> sound;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (results[i].what == What::broken) FAIL_CHECK(text_of(cases[i], results[i]));
    if (results[i].what == What::sound) sound.insert(std::string(sim::describe(cases[i].faults.at(0).point).name));
  }
  fmt::print("{}\n", real::bound_of(results, cases.size(), 1));
  CHECK(sound.size() >= 20);
}
