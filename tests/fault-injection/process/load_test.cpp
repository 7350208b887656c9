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
#include "tests/fault-injection/process/stage.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string driven(const std::string& gid, const Urls& urls, int service) {
  return nlohmann::json{{"gid", gid},
                        {"mode", "saga"},
                        {"retry", {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", 0}}},
                        {"branches",
                         {{{"id", "b0"},
                           {"action", urls.of(service, "/action")},
                           {"compensate", urls.of(service, "/compensate")},
                           {"payload", {0, 1, 0, 0}}}}}}
      .dump();
}

struct Starts {
  std::vector<std::string> accepted;
  std::size_t refused = 0;
  std::size_t refused_well = 0;
  std::size_t other = 0;
};

/// So many starts, as fast as `threads` clients can ask.
Starts start_many(Stage& stage, const std::string& prefix, int count, int service, int threads = 8) {
  const Urls urls = stage.urls();
  const auto port = stage.coordinator().life().port;
  Starts all;
  std::mutex mutex;
  std::vector<std::future<void>> clients;
  for (int client = 0; client < threads; ++client) {
    clients.push_back(std::async(std::launch::async, [&, client] {
      for (int i = client; i < count; i += threads) {
        const std::string gid = prefix + std::to_string(i);
        const auto answer = testing::send_http(port, "POST", "/v1/transactions", driven(gid, urls, service));
        const std::lock_guard lock(mutex);
        if (answer.status == 201) {
          all.accepted.push_back(gid);
        } else if (answer.status == 503) {
          ++all.refused;
          all.refused_well += answer.header("Retry-After") && answer.body.find("overloaded") != std::string::npos ? 1U : 0U;
        } else {
          ++all.other;
        }
      }
    }));
  }
  for (auto& client : clients) client.get();
  return all;
}

bool all_end(Stage& stage) {
  KeptProcess& coordinator = stage.coordinator();
  for (int turn = 0; turn < 6'000; ++turn) {
    if (DatabaseFile(stage.log_path()).rows("select 1 from transactions where finished_at_ms is null limit 1").empty()) return true;
    coordinator.wait_for_end(coordinator.life().number, 10ms);
  }
  return false;
}

std::size_t effects(Stage& stage, int service, const std::string& prefix) {
  const auto path = stage.workplace().path("service" + std::to_string(service) + ".db");
  return DatabaseFile(path).rows("select distinct gid from journal where gid like '" + prefix + "%' and operation = 'action'").size();
}

std::size_t effect_rows(Stage& stage, int service, const std::string& prefix) {
  const auto path = stage.workplace().path("service" + std::to_string(service) + ".db");
  return DatabaseFile(path).rows("select gid from journal where gid like '" + prefix + "%'").size();
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
  const Starts starts = start_many(stage, "x", 10 * room, 0);
  CHECK(starts.other == 0);
  CHECK(starts.accepted.size() >= room);
  CHECK(starts.accepted.size() <= 2 * room);
  CHECK(starts.refused == 10 * room - starts.accepted.size());
  CHECK(starts.refused_well == starts.refused);
  fs::remove(held);
  CHECK(all_end(stage));
  CHECK(effects(stage, 0, "x") == starts.accepted.size());
  CHECK(effect_rows(stage, 0, "x") == starts.accepted.size());
  // And there is room again.
  CHECK(start_many(stage, "y", 10, 0, 1).accepted.size() == 10);
  CHECK(all_end(stage));
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.coordinator().stop() == 0);
}

TEST_CASE("J02 a participant that is away with hundreds of transactions waiting holds nobody else up and has them all in the end",
          "[process]") {
  constexpr int waiting = 400;
  Stage stage;
  // Ends whenever it is called, before it has done anything.
  stage.service(0).set_rules("service.before kill at 1");
  stage.service(0).plan_rules(std::vector<std::string>(10, "service.before kill at 1"));
  CHECK(start_many(stage, "x", waiting, 0).accepted.size() == waiting);
  CHECK(start_many(stage, "y", 50, 1).accepted.size() == 50);
  CHECK(all_end(stage));
  CHECK(effects(stage, 0, "x") == waiting);
  CHECK(effect_rows(stage, 0, "x") == waiting);
  CHECK(effect_rows(stage, 1, "y") == 50);
  CHECK(stage.service(0).endings().size() >= 10);
  CHECK(stage.coordinator().stop() == 0);
}

TEST_CASE("A21 killed with a thousand unfinished transactions all of them go on", "[process]") {
  constexpr int unfinished = 1'000;
  Stage stage;
  const std::string held = stage.workplace().path("held");
  std::ofstream(held) << "x";
  stage.service(0).set_rules("service.before hold while " + held);
  CHECK(start_many(stage, "x", unfinished, 0).accepted.size() == unfinished);
  KeptProcess& coordinator = stage.coordinator();
  for (const char* point : {"recovery.page.read at 2", "recovery.page.taken at 3", "recovery.done at 1"}) {
    const std::string text(point);
    const auto space = text.find(' ');
    coordinator.plan_rules({text.substr(0, space) + " kill" + text.substr(space)});
    const auto life = coordinator.life().number;
    coordinator.kill();
    coordinator.wait_for_end(life, 30s);
  }
  fs::remove(held);
  CHECK(all_end(stage));
  CHECK(effect_rows(stage, 0, "x") == unfinished);
  CHECK(coordinator.endings().size() >= 3);
  CHECK(coordinator.stop() == 0);
}

TEST_CASE("J11 thousands of transactions that come and end leave memory and descriptors as they were", "[process]") {
  Stage stage;
  KeptProcess& coordinator = stage.coordinator();
  constexpr int batch = 1'000;
  const auto churn = [&](const std::string& prefix) {
    CHECK(start_many(stage, prefix, batch, 0).accepted.size() == batch);
    CHECK(all_end(stage));
  };
  // What it keeps on purpose (pools, caches, SQLite's pages) is there after the first ones.
  churn("a");
  churn("b");
  const std::int64_t memory = resident_kb(coordinator.pid());
  const std::int64_t open = descriptors(coordinator.pid());
  for (const char* prefix : {"c", "d", "e", "f"}) churn(prefix);
  const std::int64_t grown = resident_kb(coordinator.pid()) - memory;
  std::printf("after 2000: %lld kB, %lld descriptors; after 6000: %+lld kB, %+lld descriptors\n", static_cast<long long>(memory),
              static_cast<long long>(open), static_cast<long long>(grown), static_cast<long long>(descriptors(coordinator.pid()) - open));
#ifndef ESCROW_SANITIZED
  // The cache of SQLite's connections goes on growing to its bound; a leak of 6 kB for each transaction would be seen. Not with a
  // sanitizer, which keeps what is given back.
  CHECK(grown < 24'000);
#endif
  CHECK(descriptors(coordinator.pid()) <= open + 8);
  CHECK(coordinator.endings().empty());
  CHECK(coordinator.stop() == 0);
}
