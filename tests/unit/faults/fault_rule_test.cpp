#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "coordinator/faults/fault_rule.hpp"

using namespace escrow;
using faults::Rule;

namespace {

Rule rule(const std::string& text) {
  auto rules = faults::parse_rules(text);
  REQUIRE(rules);
  REQUIRE(rules->size() == 1);
  return rules->front();
}

std::vector<int> struck(const std::string& text, int hits) {
  Rule one = rule(text);
  std::vector<int> out;
  for (int hit = 1; hit <= hits; ++hit) {
    if (one.strikes()) out.push_back(hit);
  }
  return out;
}

}  // namespace

TEST_CASE("a fault rule names a point, what happens, where, and how often", "[faults]") {
  const Rule read = rule("store.write.before error:IOERR_FSYNC in decision/t3 at 2 times 5 while flag");
  CHECK(read.point == "store.write.before");
  CHECK(read.action == Rule::Action::error);
  CHECK(read.value == 1034);
  CHECK(read.context == "decision/t3");
  CHECK(read.first == 2);
  CHECK(read.times == 5U);
  CHECK(read.while_file == "flag");
  CHECK(rule("x delay:100").value == 100);
  CHECK(rule("x exit:3").value == 3);
  CHECK(rule("x memory:17").value == 17);
  CHECK(rule("x starve:2").action == Rule::Action::starve);
}

TEST_CASE("fault rules stand in lines or behind semicolons, and comments are skipped", "[faults]") {
  const auto rules = faults::parse_rules("a kill; b stop\n# c kill\n\n  d hold while e  ");
  REQUIRE(rules);
  REQUIRE(rules->size() == 3);
  CHECK((*rules)[1].action == Rule::Action::stop);
  CHECK((*rules)[2].point == "d");
  CHECK(faults::parse_rules("")->empty());
}

TEST_CASE("a fault rule that nobody understands is refused", "[faults]") {
  for (const std::string text : {"a", "a b", "a kill at", "a kill at 0", "a kill at x", "a kill often 3", "a error", "a error:WRONG",
                                 "a delay", "a delay:x", "a kill:3", "a hold", "a exit"}) {
    INFO(text);
    const auto rules = faults::parse_rules("fine kill; " + text);
    REQUIRE_FALSE(rules);
    CHECK(rules.error().detail.find(text) != std::string::npos);
  }
}

TEST_CASE("a fault rule strikes each time, the nth time, or from then on so often", "[faults]") {
  CHECK(struck("a kill", 3) == std::vector{1, 2, 3});
  CHECK(struck("a kill at 2", 4) == std::vector{2});
  CHECK(struck("a kill at 2 times 2", 5) == std::vector{2, 3});
  CHECK(struck("a kill times 2 at 3", 6) == std::vector{3, 4});
  CHECK(struck("a kill times 1", 3) == std::vector{1});
}

TEST_CASE("a fault rule fits its point, those with its beginning, or all, and only its context", "[faults]") {
  CHECK(rule("a.b kill").fits("a.b", ""));
  CHECK_FALSE(rule("a.b kill").fits("a.bc", ""));
  CHECK(rule("a.* kill").fits("a.bc", "anything"));
  CHECK_FALSE(rule("a.* kill").fits("b.a.", ""));
  CHECK(rule("* kill").fits("b", ""));
  CHECK(rule("a kill in t3/b1").fits("a", "t3/b1/try"));
  CHECK_FALSE(rule("a kill in t3/b1").fits("a", "t3/b2/try"));
}
