#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/kills.hpp"
#include "tests/fault-injection/process/stage.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A saga of one step at that service.
Plan one_step(int transaction, const Urls& urls, int service) {
  const std::string gid = "t" + std::to_string(transaction);
  Plan plan;
  plan.transaction = transaction;
  plan.start = nlohmann::json{{"gid", gid},
                              {"mode", "saga"},
                              {"timeout_ms", 600'000},
                              {"retry", {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", 0}}},
                              {"branches",
                               {{{"id", "b0"},
                                 {"action", urls.of(service, "/action")},
                                 {"compensate", urls.of(service, "/compensate")},
                                 {"payload", {0, 1, 0, 0}}}}}}
                   .dump();
  sim::Declared declared;
  declared.transaction = transaction;
  declared.branch = 0;
  declared.service = service;
  declared.movement = {0, 1, false};
  plan.declared.push_back(declared);
  return plan;
}

struct Starts {
  std::vector<std::string> accepted;
  std::size_t refused = 0;
  std::size_t refused_well = 0;
  std::size_t other = 0;
};

/// So many starts, as fast as `threads` clients can ask. What was refused is withdrawn: nobody may know it.
Starts start_many(Stage& stage, int count, int service, int threads = 8) {
  const Urls urls = stage.urls();
  const auto port = stage.coordinator().life().port;
  const auto plans = stage.take([&](int first) {
    std::vector<Plan> many;
    for (int i = 0; i < count; ++i) many.push_back(one_step(first + i, urls, service));
    return many;
  });
  Starts all;
  std::mutex mutex;
  std::vector<std::future<void>> clients;
  for (int client = 0; client < threads; ++client) {
    clients.push_back(std::async(std::launch::async, [&, client] {
      for (int i = client; i < count; i += threads) {
        const Plan& plan = plans[static_cast<std::size_t>(i)];
        const auto token = stage.witness().ask(plan.transaction, sim::Ask::start);
        const auto answer = testing::send_http(port, "POST", "/v1/transactions", plan.start);
        const bool is_refused = answer.status == 503 && answer.body.find("overloaded") != std::string::npos;
        if (answer.status == 201) stage.witness().tell(token, plan.transaction, sim::Ask::start, std::nullopt, true, std::nullopt);
        if (is_refused)
          stage.witness().tell(token, plan.transaction, sim::Ask::start, protocol::ProblemCode::overloaded, false, std::nullopt);
        const std::lock_guard lock(mutex);
        if (answer.status == 201) {
          all.accepted.push_back("t" + std::to_string(plan.transaction));
        } else {
          ++(is_refused ? all.refused : all.other);
          all.refused_well += is_refused && answer.header("Retry-After") ? 1U : 0U;
          stage.withdraw(plan.transaction);
        }
      }
    }));
  }
  for (auto& client : clients) client.get();
  std::ranges::sort(all.accepted);
  return all;
}

/// Those of them that have not ended, by the log's file.
std::size_t unfinished_of(Stage& stage, const std::vector<std::string>& gids) {
  const auto rows = DatabaseFile(stage.log_path()).rows("select gid from transactions where finished_at_ms is null");
  return static_cast<std::size_t>(std::ranges::count_if(rows, [&](const auto& row) { return std::ranges::binary_search(gids, row[0]); }));
}

/// Whether they all end within a minute.
bool all_end(Stage& stage, const std::vector<std::string>& gids) {
  KeptProcess& coordinator = stage.coordinator();
  for (int turn = 0; turn < 6'000; ++turn) {
    if (unfinished_of(stage, gids) == 0) return true;
    coordinator.wait_for_end(coordinator.life().number, 10ms);
  }
  return false;
}

/// What that service did, each effect once: the gids.
std::vector<std::string> effects(Stage& stage, int service) {
  const auto path = stage.workplace().path("service" + std::to_string(service) + ".db");
  std::vector<std::string> gids;
  for (auto& row : DatabaseFile(path).rows("select gid from journal")) gids.push_back(std::move(row[0]));
  std::ranges::sort(gids);
  return gids;
}

std::int64_t resident_kb(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  return 0;
}

std::int64_t descriptors(pid_t pid) {
  return std::distance(fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"), fs::directory_iterator());
}

}  // namespace

TEST_CASE("J01 ten times more than it may hold is refused with Retry-After and nothing that was accepted is lost", "[process]") {
  constexpr int room = 60;
  Stage::Wanted wanted;
  wanted.environment = {"ESCROW_LIMITS_UNFINISHED_TRANSACTIONS=" + std::to_string(room)};
  Stage stage(wanted);
  const std::string held = stage.workplace().path("held");
  std::ofstream(held) << "x";
  // Nothing ends while the participant is held up: the room fills.
  stage.service(0).set_rules("service.before hold while " + held);
  const Starts starts = start_many(stage, 10 * room, 0);
  CHECK(starts.other == 0);
  CHECK(starts.accepted.size() >= room);
  CHECK(starts.accepted.size() <= 2 * room);
  CHECK(starts.refused == 10 * room - starts.accepted.size());
  CHECK(starts.refused_well == starts.refused);
  fs::remove(held);
  CHECK(all_end(stage, starts.accepted));
  CHECK(effects(stage, 0) == starts.accepted);
  // And there is room again, also at the other one.
  const Starts others = start_many(stage, 10, 1, 1);
  CHECK(others.accepted.size() == 10);
  CHECK(all_end(stage, others.accepted));
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

TEST_CASE("J02 a participant that is away with hundreds of transactions waiting holds nobody else up and has them all in the end",
          "[process]") {
  constexpr int waiting = 400;
  Stage stage;
  const std::string away = stage.workplace().path("away");
  std::ofstream(away) << "x";
  stage.service(0).set_rules("service.before hold while " + away);
  const Starts held_up = start_many(stage, waiting, 0);
  CHECK(held_up.accepted.size() == waiting);
  const Starts others = start_many(stage, 50, 1);
  CHECK(others.accepted.size() == 50);
  CHECK(all_end(stage, others.accepted));
  CHECK(unfinished_of(stage, held_up.accepted) == waiting);
  // Back, and gone again at once, ten times.
  const auto lives = stage.service(0).life().number;
  stage.service(0).plan_rules(std::vector<std::string>(10, "service.before kill at 1"));
  stage.service(0).kill();
  fs::remove(away);
  CHECK(all_end(stage, held_up.accepted));
  CHECK(stage.service(0).life().number >= lives + 11);
  CHECK(effects(stage, 0) == held_up.accepted);
  CHECK(effects(stage, 1) == others.accepted);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

TEST_CASE("A21 killed with a thousand unfinished transactions all of them go on", "[process]") {
  constexpr int unfinished = 1'000;
  Stage stage;
  const std::string held = stage.workplace().path("held");
  std::ofstream(held) << "x";
  stage.service(0).set_rules("service.before hold while " + held);
  const Starts starts = start_many(stage, unfinished, 0);
  CHECK(starts.accepted.size() == unfinished);
  KeptProcess& coordinator = stage.coordinator();
  for (const char* point : {"recovery.page.read at 2", "recovery.page.taken at 3", "recovery.done at 1"}) {
    const std::string text(point);
    const auto space = text.find(' ');
    coordinator.plan_rules({text.substr(0, space) + " kill" + text.substr(space)});
    (void)coordinator.life();
    const auto before = coordinator.endings().size();
    coordinator.kill();
    // Ours, and that of the start behind it.
    wait_for_ends(coordinator, before + 2);
    INFO(point);
    CHECK(coordinator.endings().size() == before + 2);
  }
  CHECK(unfinished_of(stage, starts.accepted) == unfinished);
  fs::remove(held);
  CHECK(all_end(stage, starts.accepted));
  CHECK(effects(stage, 0) == starts.accepted);
  CHECK(coordinator.endings() == std::vector<int>(6, 137));
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

TEST_CASE("J11 thousands of transactions that come and end leave memory and descriptors as they were", "[process]") {
  Stage stage;
  KeptProcess& coordinator = stage.coordinator();
  constexpr int batch = 1'000;
  const auto churn = [&] {
    const Starts starts = start_many(stage, batch, 0);
    CHECK(starts.accepted.size() == batch);
    CHECK(all_end(stage, starts.accepted));
  };
  // What it keeps on purpose (pools, caches, SQLite's pages) is there after the first ones.
  churn();
  churn();
  const std::int64_t memory = resident_kb(coordinator.pid());
  const std::int64_t open = descriptors(coordinator.pid());
  for (int i = 0; i < 4; ++i) churn();
  const std::int64_t grown = resident_kb(coordinator.pid()) - memory;
  // Connections that clients have closed go when the coordinator comes to it.
  for (int turn = 0; turn < 1'000 && descriptors(coordinator.pid()) > open + 8; ++turn)
    coordinator.wait_for_end(coordinator.life().number, 10ms);
  std::printf("after 2000: %lld kB, %lld descriptors; after 6000: %+lld kB, %+lld descriptors\n", static_cast<long long>(memory),
              static_cast<long long>(open), static_cast<long long>(grown), static_cast<long long>(descriptors(coordinator.pid()) - open));
#ifndef ESCROW_SANITIZED
  // The cache of SQLite's connections goes on growing to its bound; a leak of 6 kB for each transaction would be seen. Not with a
  // sanitizer, which keeps what is given back.
  CHECK(grown < 24'000);
#endif
  // Connections to a participant are kept, as many as may be called at once; a leak for each transaction would be four thousand.
  CHECK(descriptors(coordinator.pid()) <= open + 64);
  CHECK(coordinator.endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}
