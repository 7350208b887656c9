#include "tests/fault-injection/http/schedules.hpp"

#include <catch2/catch.hpp>

#include <string_view>

using namespace escrow::http_faults;

namespace {

/// Where the compiler helps, all of them; elsewhere a sample of those of which there are a great many.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::uint64_t stride = 1;
#else
constexpr std::uint64_t stride = 101;
#endif

void run(const std::vector<Family>& families, std::string_view name, std::uint64_t at_least) {
  for (const Family& family : families) {
    if (family.name != name) continue;
    const Report report = family.run(stride);
    for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
    CHECK(report.faulty == 0);
    CHECK(report.schedules >= at_least / stride);
    return;
  }
  FAIL("there are no such schedules");
}

}  // namespace

TEST_CASE("E03 E07 a request that is cut at any byte is handled or refused and never guessed", "[http]") {
  run(server_families(), "requests cut", 3000);
}

TEST_CASE("J10 however requests are split each is handled once and answered in its order", "[http]") {
  run(server_families(), "requests split", 60000);
}

TEST_CASE("J10 no garbage in a request at any byte is taken for another request", "[http]") {
  run(server_families(), "requests damaged", 50000);
}

TEST_CASE("F03 J05 J10 hostile requests reach no handler, close the connection and are not read to their end", "[http]") {
  run(server_families(), "hostile requests", 100000);
}

TEST_CASE("E03 E06 E07 an answer that is cut at any byte is no answer, and its connection is not used again", "[http]") {
  run(client_families(), "answers cut", 2000);
}

TEST_CASE("E05 however answers are split each belongs to its call", "[http]") { run(client_families(), "answers split", 28000); }

TEST_CASE("E05 F03 no garbage in an answer at any byte becomes the answer to the next call", "[http]") {
  run(client_families(), "answers damaged", 40000);
}

TEST_CASE("F03 F04 hostile answers are broken at once and their connection is closed", "[http]") {
  run(client_families(), "hostile answers", 40000);
}

TEST_CASE("E03 E16 a call is sent again only if no byte of it had left", "[http]") { run(client_families(), "requests cut off", 700); }

TEST_CASE("E08 a request that drips in has one limit for its header and one for its body, to the millisecond", "[http]") {
  run(server_families(), "requests dripped", 10);
}

TEST_CASE("E01 E08 one limit holds for all of a call, to the millisecond", "[http]") { run(client_families(), "limits", 10); }

TEST_CASE("D01 E03 a client that takes its answer up to any byte and goes or stands still leaves nobody waiting", "[http]") {
  run(server_families(), "the server's answers cut", 2000);
}

TEST_CASE("D15 a client that goes while its request is worked on changes nothing of the work", "[http]") {
  run(server_families(), "clients that go", 8);
}
