#include "tests/fault-injection/passthrough/storm.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "tests/fault-injection/passthrough/wire.hpp"
#include "tests/fault-injection/process/stage.hpp"

namespace escrow::passthrough {
namespace {

using namespace std::chrono_literals;
using processes::Family;
using processes::Plan;
using processes::Stage;
using Clock = std::chrono::steady_clock;

/// Clients that play transaction after transaction until they are told to stop.
class Clients {
 public:
  Clients(Stage& stage, const Storm& storm) : stage_(stage), initiator_(stage.initiator()) {
    for (int i = 0; i < storm.clients; ++i) {
      threads_.emplace_back([this, seed = storm.seed * 1000 + static_cast<std::uint64_t>(i)] { work(seed); });
    }
  }
  ~Clients() { stop(); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void stop() {
    is_over_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    try {
      while (!is_over_) {
        for (const Plan& plan : take(processes::families.at(random() % processes::families.size()))) initiator_.run(plan);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
  std::vector<Plan> take(Family family) {
    const std::lock_guard lock(mutex_);
    return stage_.take(family);
  }

  Stage& stage_;
  processes::Initiator initiator_;
  std::mutex mutex_;
  std::atomic<bool> is_over_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

/// Kills the coordinator every 0.5 to 3 s, or only lets the time pass. Answers how often it did.
std::size_t let_it_rage(Stage& stage, const Storm& storm) {
  std::mt19937_64 random(storm.seed);
  const auto end = Clock::now() + storm.lasts;
  std::size_t kills = 0;
  while (Clock::now() < end) {
    const auto life = stage.coordinator().life();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    const auto pause = storm.has_kills ? std::chrono::milliseconds(500 + random() % 2500) : left;
    const bool ended = stage.coordinator().wait_for_end(life.number, std::min(pause, std::max(left, 0ms)));
    if (!storm.has_kills || ended || Clock::now() >= end) continue;
    stage.coordinator().kill();
    stage.coordinator().wait_for_end(life.number, 10s);
    ++kills;
  }
  return kills;
}

void count_ends(const Stage& stage, Aftermath& aftermath) {
  aftermath.transactions = stage.observed().history.log.size();
  for (const auto& value : stage.observed().history.log) {
    aftermath.committed += value->status == protocol::Status::committed ? 1U : 0U;
    aftermath.aborted += value->status == protocol::Status::aborted ? 1U : 0U;
  }
}

}  // namespace

Aftermath weather(const Storm& storm) {
  Stage::Wanted wanted;
  wanted.proxy = storm.rules;
  wanted.is_api_clean = storm.is_api_clean;
  // Short enough for what is lost to be asked again within the storm, and long enough for a busy machine.
  wanted.timing.request_timeout_ms = 1'000;
  Stage stage(std::move(wanted));
  (void)stage.urls();
  Aftermath aftermath;
  {
    Clients clients(stage, storm);
    aftermath.kills = let_it_rage(stage, storm);
    if (storm.rules) stage.proxy().heal();
    clients.stop();
    clients.rethrow();
  }
  aftermath.verdict = stage.verdict();
  aftermath.last_status = stage.last_status();
  count_ends(stage, aftermath);
  if (!storm.rules) return aftermath;
  const Wire wire = read_wire(stage.wire_path());
  aftermath.requests = wire.requests;
  aftermath.struck = wire.struck;
  const auto violations = judge_wire(wire, stage.observed().history.written);
  if (!violations.empty()) stage.workplace().keep();
  aftermath.verdict += processes::text_of(violations);
  return aftermath;
}

std::string swarm_rules(std::uint64_t seed) { return "seed: " + std::to_string(seed) + "\nswarm: {most_delay_ms: 300}\n"; }

std::uint64_t storm_seed(std::uint64_t otherwise) {
  const char* const said = std::getenv("ESCROW_STORM_SEED");
  return said == nullptr ? otherwise : static_cast<std::uint64_t>(std::atoll(said));
}

std::chrono::seconds storm_time(std::chrono::seconds otherwise) {
  const char* const said = std::getenv("ESCROW_STORM_SECONDS");
  return said == nullptr ? otherwise : std::chrono::seconds(std::atoi(said));
}

}  // namespace escrow::passthrough
