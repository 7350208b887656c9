#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/stage.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;

namespace {

/// What a coordinator takes the wall clock to be ahead by, changed while it runs.
class MovedClock {
 public:
  explicit MovedClock(std::string path) : path_(std::move(path)) {
    const std::int64_t none = 0;
    std::ofstream(path_, std::ios::binary).write(reinterpret_cast<const char*>(&none), sizeof none);
    const int descriptor = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    void* memory = ::mmap(nullptr, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    offset_ = static_cast<std::atomic<std::int64_t>*>(memory);
  }
  ~MovedClock() { ::munmap(offset_, sizeof(std::int64_t)); }
  MovedClock(const MovedClock&) = delete;
  MovedClock& operator=(const MovedClock&) = delete;

  void set(std::chrono::nanoseconds ahead) { *offset_ = ahead.count(); }
  [[nodiscard]] Stage::Wanted wanted() const {
    Stage::Wanted wanted;
    wanted.environment = {"LD_PRELOAD=" ESCROW_MOVED_CLOCK, "MOVED_CLOCK=" + path_, "ESCROW_RETENTION_MS=630720000000",
                          "ESCROW_TOMBSTONE_MS=630720000000"};
    wanted.shares_clock = false;
    return wanted;
  }

 private:
  std::string path_;
  std::atomic<std::int64_t>* offset_ = nullptr;
};

struct Jump {
  const char* name;
  std::chrono::hours by;
};
constexpr std::int64_t hours_a_year = 8'766;

/// Aborts whose reason is the deadline, by what the log says.
std::size_t timeouts(const Stage& stage) {
  std::size_t count = 0;
  for (const auto& value : stage.observed().history.log) {
    count += value->abort_reason && value->abort_reason->code == protocol::AbortCode::timeout ? 1U : 0U;
  }
  return count;
}

/// The clock jumps while transactions of every family are under way, their participants held up.
void jump_under_way(const Jump& jump) {
  INFO(jump.name);
  Workplace workplace;
  MovedClock clock(workplace.path("clock"));
  Stage stage(clock.wanted());
  const std::string held = stage.workplace().path("held");
  for (const Family family : families) {
    clock.set(0ns);
    const auto plans = stage.take(family);
    std::ofstream(held) << "x";
    stage.service(0).set_rules("service.before hold while " + held);
    auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
    const auto life = stage.coordinator().life();
    // Until the participant that is held up has been called.
    for (int turn = 0; turn < 3'000; ++turn) {
      if (DatabaseFile(stage.log_path()).rows("select 1 from audit where gid = 't" + std::to_string(plans[0].transaction) + "'").size() >=
          1)
        break;
      stage.coordinator().wait_for_end(life.number, 10ms);
    }
    clock.set(jump.by);
    // Timers that were set before it come due with it, or not.
    stage.coordinator().wait_for_end(life.number, 100ms);
    std::remove(held.c_str());
    clients.get();
    stage.service(0).set_rules("");
  }
  CHECK(stage.coordinator().endings().empty());
  // The triggers' clock is the coordinator's: it did jump.
  const auto span = DatabaseFile(stage.log_path()).rows("select max(at_ms) - min(at_ms) from audit")[0][0];
  CHECK(std::chrono::milliseconds(std::stoll(span)) >= std::chrono::abs(jump.by));
  CHECK(stage.verdict() == "");
  CHECK(timeouts(stage) == 0);
}

}  // namespace

TEST_CASE("C01 a wall clock that jumps ahead under the process aborts nothing early", "[process]") {
  for (const Jump& jump : {Jump{"an hour", std::chrono::hours(1)}, Jump{"a day", std::chrono::hours(24)},
                           Jump{"ten years", std::chrono::hours(10 * hours_a_year)}}) {
    jump_under_way(jump);
  }
}

TEST_CASE("C02 a wall clock that jumps back under the process stops nothing", "[process]") {
  for (const Jump& jump : {Jump{"an hour", std::chrono::hours(-1)}, Jump{"a day", std::chrono::hours(-24)},
                           Jump{"to before 1970", std::chrono::hours(-70 * hours_a_year)}}) {
    jump_under_way(jump);
  }
}

TEST_CASE("C01 C02 killed and started again with another wall clock what was begun still ends whole", "[process]") {
  const auto hours = {std::chrono::hours(0), std::chrono::hours(-24), std::chrono::hours(10 * hours_a_year), std::chrono::hours(1)};
  for (const Family family : families) {
    for (const auto by : hours) {
      INFO(to_string(family) << ", by " << by.count() << " h");
      // A log of its own: the engine's time never goes back behind what a log holds.
      Workplace workplace;
      MovedClock clock(workplace.path("clock"));
      Stage stage(clock.wanted());
      const auto plans = stage.take(family);
      stage.coordinator().set_rules("call.answered kill at 1");
      clock.set(by);
      run_all(stage.initiator(), plans);
      CHECK(stage.coordinator().endings() == std::vector<int>{137});
      CHECK(stage.verdict() == "");
      DatabaseFile file(stage.log_path());
      CHECK(file.rows("select distinct meta_run from audit").size() == 2);
      // By the engine's time: ahead with the clock, and never back.
      const auto went_on =
          std::stoll(file.rows("select (select min(updated_at_ms) from audit where meta_run = (select max(meta_run) from audit)) -"
                               " (select max(updated_at_ms) from audit where meta_run = (select min(meta_run) from audit))")[0][0]);
      CHECK(went_on >= 0);
      if (by > std::chrono::hours(0)) CHECK(std::chrono::milliseconds(went_on) >= by - std::chrono::minutes(10));
      if (by <= std::chrono::hours(0)) {
        CHECK(timeouts(stage) == 0);
        CHECK(std::chrono::milliseconds(went_on) < std::chrono::hours(1));
      }
    }
  }
}

TEST_CASE("C03 a wall clock that trembles a thousand times a second makes no busy loop and ends nothing early", "[process]") {
  Workplace workplace;
  MovedClock clock(workplace.path("clock"));
  Stage stage(clock.wanted());
  const auto life = stage.coordinator().life();
  // Ends with the scope, whatever leaves it.
  std::jthread trembling([&](const std::stop_token& stop) {
    for (int turn = 0; !stop.stop_requested(); ++turn) {
      clock.set(turn % 2 == 0 ? 200ms : -200ms);
      stage.coordinator().wait_for_end(life.number, 1ms);
    }
  });
  for (int round = 0; round < 4; ++round) {
    for (const Family family : families) stage.play(family);
  }
  // With nothing to do it uses next to no processor time, however the clock goes.
  const auto used_ticks = [&] {
    std::ifstream file("/proc/" + std::to_string(stage.coordinator().pid()) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    fields >> user >> system;
    return user + system;
  };
  const std::int64_t before = used_ticks();
  stage.coordinator().wait_for_end(life.number, 1s);
  const std::int64_t used = used_ticks() - before;
  trembling.request_stop();
  trembling.join();
  // A loop would use a whole second, however many ticks that is.
  CHECK(used < 3 * ::sysconf(_SC_CLK_TCK) / 10);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(timeouts(stage) == 0);
}
