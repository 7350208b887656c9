#include "coordinator/server/gid_source.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using escrow::server::GidSource;

TEST_CASE("No two gids of a source are equal, across the pages it fetches") {
  GidSource source;
  constexpr std::size_t count = 2000;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < count; ++i) seen.insert(source.next(1'700'000'000'000).text());
  CHECK(seen.size() == count);
}

TEST_CASE("Gids of a source are UUIDs of version 7 that begin with the time") {
  GidSource source;
  const std::string gid = source.next(0x0123456789AB).text();
  CHECK(gid.substr(0, 15) == "01234567-89ab-7");
  CHECK(std::string("89ab").find(gid[19]) != std::string::npos);
}
