#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "coordinator/store/sqlite/log.hpp"
#include "coordinator/store/store.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace escrow::testing;

namespace {

std::string name_of(int round, std::int32_t number) { return "r" + std::to_string(round) + ".t" + std::to_string(number); }

/// Writes starts and ends without pause; the number of each acknowledged transaction goes into the pipe. Never returns.
[[noreturn]] void write_until_killed(const std::string& path, int round, int pipe) {
  auto log = store::sqlite::open_log({.path = path, .checkpoint_pages = 50});
  if (!log) ::_exit(3);
  store::Store store(std::move(*log), {});
  for (std::int32_t number = 0; number < 100'000; ++number) {
    auto transaction = started(name_of(round, number));
    store.write(start_of(transaction), store::Urgency::owed, [](const store::WriteResult&) {});
    store.write(end_of(transaction), store::Urgency::owed, [number, pipe](const store::WriteResult& result) {
      if (result.answer != store::WriteAnswer::ok || ::write(pipe, &number, sizeof number) != sizeof number) ::_exit(4);
    });
  }
  ::_exit(5);
}

}  // namespace

TEST_CASE("what was acknowledged before a SIGKILL is there after it", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(path, round, ends[1]);
    }
    ::close(ends[1]);
    std::vector<std::int32_t> acknowledged;
    std::int32_t number = 0;
    while (std::ssize(acknowledged) < 1 + round * 17 && ::read(ends[0], &number, sizeof number) == sizeof number)
      acknowledged.push_back(number);
    REQUIRE(::kill(child, SIGKILL) == 0);
    // What it had said before it died counts, too.
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged.push_back(number);
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(std::ssize(acknowledged) >= 1 + round * 17);

    auto log = store::sqlite::open_log({.path = path});
    REQUIRE(log);
    CHECK((*log)->run() == 2 * round + 2);
    const auto reader = std::move(*(*log)->open_reader());
    std::int64_t lost = 0;
    for (const std::int32_t told : acknowledged) {
      const auto found = reader->load(protocol::Gid::parse(name_of(round, told)).value());
      if (!found || !found->transaction || found->transaction->status != protocol::Status::committed) ++lost;
    }
    CHECK(lost == 0);
  }
}
