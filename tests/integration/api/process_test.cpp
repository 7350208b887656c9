#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <list>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow::testing;

/// `escrowd` as a program: flags, exit status, start and end.
namespace {

FinishedProcess escrowd(const TemporaryDirectory& directory, std::vector<std::string> flags) {
  flags.insert(flags.begin(), ESCROWD);
  return run_to_end(flags, directory.path());
}

void write_file(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// From now on no file of the process may grow beyond `bytes`: to it, the disk is full.
void limit_files(pid_t pid, rlim_t bytes) {
  rlimit limit{};
  REQUIRE(::prlimit(pid, RLIMIT_FSIZE, nullptr, &limit) == 0);
  limit.rlim_cur = bytes;
  REQUIRE(::prlimit(pid, RLIMIT_FSIZE, &limit, nullptr) == 0);
}

}  // namespace

TEST_CASE("version, help and a good configuration exit with 0", "[api][process]") {
  const TemporaryDirectory directory;
  const auto version = escrowd(directory, {"--version"});
  CHECK(version.status == 0);
  CHECK(version.output.starts_with("escrowd "));
  const auto help = escrowd(directory, {"--help"});
  CHECK(help.status == 0);
  for (const char* flag : {"--config", "--listen", "--store", "--log-level", "--check-config", "--version"})
    CHECK(help.output.find(flag) != std::string::npos);
  write_file(directory.path() + "/good.yaml", "listen: 127.0.0.1:0\nlimits:\n  branches: 5\n");
  CHECK(escrowd(directory, {"--config", directory.path() + "/good.yaml", "--check-config"}).status == 0);
}

TEST_CASE("a configuration that can not be used exits with 2 and names the key", "[api][process]") {
  const TemporaryDirectory directory;
  write_file(directory.path() + "/bad.yaml", "limits:\n  branchs: 5\n");
  const auto bad = escrowd(directory, {"--config", directory.path() + "/bad.yaml"});
  CHECK(bad.status == 2);
  CHECK(json::parse(bad.errors).at("key") == "limits.branchs");
  CHECK(escrowd(directory, {"--config", directory.path() + "/none.yaml"}).status == 2);
  CHECK(escrowd(directory, {"--config", directory.path()}).status == 2);
  const auto store = escrowd(directory, {"--store", "postgres://escrow:secret@db/escrow"});
  CHECK(store.status == 2);
  CHECK(json::parse(store.errors).at("key") == "store");
  CHECK(store.errors.find("secret") == std::string::npos);
  CHECK(escrowd(directory, {"--listne", "x"}).status == 2);
  CHECK(escrowd(directory, {"--log-level", "loud"}).status == 2);
  CHECK(escrowd(directory, {"--store", "oracle:x"}).status == 2);
  const auto open = escrowd(directory, {"--listen", "0.0.0.0:0", "--store", "sqlite::memory:"});
  CHECK(open.status == 2);
  CHECK(json::parse(open.errors).at("key") == "listen");
  write_file(directory.path() + "/credentials.yaml", "- match: 'https://pay.example'\n");
  ::chmod((directory.path() + "/credentials.yaml").c_str(), S_IRUSR | S_IWUSR);
  write_file(directory.path() + "/targets.yaml", "targets: {credentials_file: " + directory.path() + "/credentials.yaml}\n");
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--check-config"}}) {
    std::vector<std::string> flags{"--config", directory.path() + "/targets.yaml"};
    flags.insert(flags.end(), more.begin(), more.end());
    const auto credentials = escrowd(directory, flags);
    CHECK(credentials.status == 2);
    CHECK(json::parse(credentials.errors).at("key") == "targets.credentials_file");
    CHECK(json::parse(credentials.errors).at("detail").get<std::string>().find("entry 1") != std::string::npos);
  }
}

TEST_CASE("a store that can not be used exits with 1 and is left as it is", "[api][process]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/other.db";
  write_file(path, std::string(10'000, 'x'));
  const auto foreign = escrowd(directory, {"--listen", "127.0.0.1:0", "--store", "sqlite:" + path});
  CHECK(foreign.status == 1);
  CHECK_FALSE(json::parse(foreign.errors).at("detail").get<std::string>().empty());
  CHECK(read_file(path) == std::string(10'000, 'x'));

  Coordinator coordinator;
  const auto second = escrowd(directory, {"--listen", "127.0.0.1:0", "--store", "sqlite:" + coordinator.directory() + "/escrow.db"});
  CHECK(second.status == 1);
  CHECK(coordinator.get("/healthz/ready").at("status") == "ready");
}

TEST_CASE("SIGTERM answers who waits, refuses new work, lets calls end and exits with 0", "[api][process]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  service.on("/a", [&](const HttpMessage&, int) {
    gate.wait();
    return ParticipantAnswer();
  });
  const json body{
      {"gid", "g"}, {"mode", "saga"}, {"request_timeout_ms", 9'000}, {"branches", {{{"id", "a"}, {"action", service.url("/a")}}}}};
  auto waiting =
      std::async(std::launch::async, [&] { return send_http(coordinator.port(), "POST", "/v1/transactions?wait_ms=60000", body.dump()); });
  REQUIRE(service.wait_for_calls("/a", 1));
  coordinator.process().child().signal(SIGTERM);
  const HttpMessage answered = waiting.get();
  CHECK(answered.status == 201);
  CHECK(json::parse(answered.body).at("status") == "active");
  const json refused = coordinator.post("/v1/transactions", {{"gid", "late"}, {"mode", "tcc"}, {"interactive", true}}, 503);
  CHECK(refused.at("code") == "draining");
  CHECK(coordinator.get("/healthz/ready", 503).at("code") == "draining");
  gate.open();
  CHECK(coordinator.process().child().wait() == 0);
  coordinator.crash();  // only starts again: there is nothing left to kill
  CHECK(coordinator.finished("g").at("status") == "committed");
  CHECK(service.calls("/a").size() == 1);
  coordinator.get("/v1/transactions/late", 404);
}

TEST_CASE("SIGTERM ends it while transactions back off, and they go on at the next start", "[api][process]") {
  Coordinator coordinator;
  FakeParticipant service;
  std::atomic<bool> works = false;
  service.on("/a", [&works](const HttpMessage&, int) {
    ParticipantAnswer answer;
    if (!works) answer.status = 500;
    return answer;
  });
  coordinator.post("/v1/transactions",
                   {{"gid", "g"},
                    {"mode", "saga"},
                    {"timeout_ms", 600'000},
                    {"retry", {{"initial_ms", 100}, {"max_ms", 100}, {"max_attempts", 0}}},
                    {"branches", {{{"id", "a"}, {"action", service.url("/a")}}}}},
                   201);
  REQUIRE(service.wait_for_calls("/a", 2));
  // It is due again within a tenth of a second, and may not be called. A process that goes on waiting for it is ended by ctest.
  coordinator.process().child().signal(SIGTERM);
  CHECK(coordinator.process().child().wait() == 0);
  works = true;
  coordinator.crash();
  CHECK(coordinator.finished("g").at("status") == "committed");
}

TEST_CASE("a second signal ends it at once and loses nothing", "[api][process]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  service.on("/a", [&](const HttpMessage&, int call) {
    if (call == 1) gate.wait();
    return ParticipantAnswer();
  });
  coordinator.post(
      "/v1/transactions",
      {{"gid", "g"}, {"mode", "saga"}, {"request_timeout_ms", 9'000}, {"branches", {{{"id", "a"}, {"action", service.url("/a")}}}}}, 201);
  REQUIRE(service.wait_for_calls("/a", 1));
  coordinator.process().child().signal(SIGTERM);
  // The second one must not arrive as one with the first: who waits is answered when the shutdown has begun.
  coordinator.get("/v1/transactions/g?wait_ms=60000");
  coordinator.process().child().signal(SIGINT);
  CHECK(coordinator.process().child().wait() == 0);
  coordinator.crash();
  CHECK(coordinator.finished("g").at("status") == "committed");
  gate.open();
}

TEST_CASE("signals that come while it is ending change nothing about its exit status", "[api][process]") {
  for (int round = 0; round < 10; ++round) {
    Coordinator coordinator;
    for (int i = 0; i < 20; ++i)
      coordinator.post("/v1/transactions", {{"gid", "g" + std::to_string(i)}, {"mode", "tcc"}, {"interactive", true}}, 201);
    const auto& child = coordinator.process().child();
    child.signal(SIGTERM);
    // From the shutdown's begin, where a second one ends it, to the last thread that is joined.
    for (int i = 0; i < 20'000; ++i) child.signal(i % 2 == 0 ? SIGTERM : SIGINT);
    CHECK(coordinator.process().child().wait() == 0);
    coordinator.crash();
  }
}

TEST_CASE("a full disk refuses new work and nothing else, until it has room again", "[api][process]") {
  Coordinator coordinator;
  const auto start = [&](const std::string& gid) {
    return coordinator.request("POST", "/v1/transactions",
                               json{{"gid", gid}, {"mode", "tcc"}, {"interactive", true}, {"timeout_ms", 3'600'000}}.dump());
  };
  REQUIRE(start("before").status == 201);
  limit_files(coordinator.process().child().pid(), 0);
  const HttpMessage refused = start("during");
  CHECK(refused.status == 503);
  CHECK(json::parse(refused.body).at("code") == "store_unavailable");
  CHECK(coordinator.get("/v1/transactions/before").at("status") == "active");
  CHECK(coordinator.get("/healthz/live").at("status") == "live");
  const auto becomes = [&](int status) {
    for (int turn = 0; turn < 200; ++turn) {
      if (coordinator.request("GET", "/healthz/ready").status == status) return true;
      coordinator.get("/v1/transactions/before?wait_ms=50");  // paces this loop
    }
    return false;
  };
  CHECK(becomes(503));
  limit_files(coordinator.process().child().pid(), RLIM_INFINITY);
  CHECK(becomes(200));
  CHECK(start("during").status == 201);
  CHECK(start("after").status == 201);
  coordinator.crash();
  for (const char* gid : {"before", "during", "after"})
    CHECK(coordinator.get(std::string("/v1/transactions/") + gid).at("status") == "active");
}

TEST_CASE("a coordinator that is told to stop while much waits to be read ends in order", "[api][process]") {
  // What has been freed is overwritten, so that using it does not go unnoticed.
  ::setenv("MALLOC_PERTURB_", "165", 1);
  Coordinator coordinator;
  ::unsetenv("MALLOC_PERTURB_");
  json branches = json::array();
  for (int i = 0; i < 1'000; ++i) {
    branches.push_back({{"id", "b" + std::to_string(i)}, {"compensate", "http://127.0.0.1:1/c"}});
  }
  for (int i = 0; i < 20; ++i) {
    const std::string gid = "g" + std::to_string(i);
    coordinator.post("/v1/transactions", {{"gid", gid}, {"mode", "saga"}, {"interactive", true}}, 201);
    coordinator.post("/v1/transactions/" + gid + "/branches", branches, 201);
  }
  // More than is read before the coordinator has ended everything else: a page of large transactions takes long to read, and says little.
  std::list<RawSocket> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(RawSocket::connect(coordinator.port()));
    REQUIRE(clients.back().send("GET /v1/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  }
  CHECK(clients.front().receive_some().starts_with("HTTP/1.1 200"));
  clients.clear();
  CHECK(coordinator.process().stop() == 0);
}
