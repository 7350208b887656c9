#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/fake_participant.hpp"

using namespace escrow::testing;

/// What is nobody's business stays in.
namespace {

mode_t mode_of(const std::string& path) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) return 0;
  return seen.st_mode & 0777U;
}

}  // namespace

TEST_CASE("what the coordinator writes is for its owner alone", "[security][secrets]") {
  GuardedCoordinator coordinator;
  REQUIRE(coordinator.as("initiate", "POST", "/v1/transactions", R"({"gid":"g","mode":"saga","interactive":true})").status == 201);
  for (const char* file : {"/escrow.db", "/escrow.db-wal", "/escrow.db-shm"}) {
    INFO(file);
    CHECK(mode_of(coordinator.directory() + file) == 0600);
  }
}

TEST_CASE("its memory ends in no core dump unless that is permitted", "[security][secrets]") {
  const TemporaryDirectory directory;
  // Started where core dumps are wanted, as far as we are allowed to want them.
  const std::string start = directory.path() + "/start.sh";
  write_file(start, std::string("#!/bin/sh\nulimit -c unlimited 2>/dev/null || ulimit -c $(ulimit -H -c)\nexec ") + ESCROWD + " \"$@\"\n");
  REQUIRE(::chmod(start.c_str(), 0700) == 0);
  const auto soft_limit = [&](const std::string& settings) {
    write_file(directory.path() + "/escrow.yaml", settings);
    EscrowdProcess escrowd(start, directory.path(), {"--config", directory.path() + "/escrow.yaml"});
    const std::string limits = read_file("/proc/" + std::to_string(escrowd.child().pid()) + "/limits");
    const std::string title = "Max core file size";
    const std::size_t at = limits.find_first_not_of(' ', limits.find(title) + title.size());
    return limits.substr(at, limits.find(' ', at) - at);
  };
  CHECK(soft_limit("") == "0");
  const FinishedProcess hard = run_to_end({"/bin/sh", "-c", "ulimit -c unlimited 2>/dev/null; ulimit -H -c"}, directory.path());
  if (hard.output == "unlimited\n") CHECK(soft_limit("core_dumps: true\n") == "unlimited");
}
