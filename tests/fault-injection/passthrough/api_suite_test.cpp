#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <string>

#include "tests/fault-injection/passthrough/storm.hpp"
#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace std::chrono_literals;

/// The API suite of tests/integration, once more, on a line that makes trouble. Its assertions are the same; docs/testing.md says which of
/// its tests cannot hold on such a line, and why.
namespace {

/// Without those that want an answer ahead of the end of their request: whoever passes whole requests on has none by then.
constexpr const char* on_a_proxy = "~[straight-line]";
/// Without those whose assertions hold within one life of the coordinator: streams that stay, counters in memory, calls that are made once.
constexpr const char* when_killed = "~[one-life]~[straight-line]";

void run(const std::string& line, const std::string& filter) {
  const std::string seed = std::to_string(passthrough::storm_seed(20260105));
  std::printf("ESCROW_LINE=%s ESCROW_STORM_SEED=%s\n", line.c_str(), seed.c_str());
  std::fflush(stdout);
  const testing::TemporaryDirectory directory;
  testing::ChildProcess suite({API_ON_A_BAD_LINE, filter}, directory.path() + "/suite.log",
                              {"ESCROW_LINE=" + line, "ESCROW_STORM_SEED=" + seed});
  std::string said;
  // Ends with its output, or when it has said nothing for so long.
  for (auto one = suite.read_line(300s); one; one = suite.read_line(300s)) said += *one + "\n";
  INFO(said);
  CHECK(suite.wait() == 0);
  CHECK(said.find("All tests passed") != std::string::npos);
}

}  // namespace

TEST_CASE("the API suite holds on a line that is late, loses, cuts and repeats", "[passthrough]") { run("network", on_a_proxy); }

TEST_CASE("the API suite holds with a coordinator that is killed under it", "[passthrough]") { run("kills", when_killed); }

TEST_CASE("the API suite holds with both", "[passthrough]") { run("both", when_killed); }
