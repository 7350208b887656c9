#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/event_reader.hpp"
#include "tests/support/fake_participant.hpp"

using namespace escrow::testing;

/// What is nobody's business stays in.
namespace {

mode_t mode_of(const std::string& path) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) return 0;
  return seen.st_mode & 0777U;
}

/// The canaries of one transaction: wherever one of them shows up, something has leaked.
const std::string card = "CANARY-4111-1111";
const std::string phone = "CANARY-0700-555";
const std::string pin = "CANARY-pin-9876";
const std::string header = "CANARY-tenant-token";
const std::string query = "CANARY-in-the-query";

/// A saga whose second branch is refused with words that quote what was sent, so that the first one is undone.
json order(FakeParticipant& service, const std::string& gid) {
  const json payload{
      {"order", 17}, {"card_number", card}, {"customer", {{"name", "Ann"}, {"phone", phone}}}, {"items", {{{"sku", "A"}, {"pin", pin}}}}};
  return {{"gid", gid},
          {"mode", "saga"},
          {"headers", {{"X-Tenant", header}}},
          {"retry", {{"initial_ms", 5}, {"max_ms", 40}}},
          {"branches",
           {{{"id", "a"},
             {"action", service.url("/a")},
             {"compensate", service.url("/undo")},
             {"payload", payload},
             {"headers", {{"X-More", header}}}},
            {{"id", "b"}, {"action", service.url("/refuse")}, {"payload", payload}}}}};
}

void serve(FakeParticipant& service) {
  service.on("/a", [](const HttpMessage&, int) {
    ParticipantAnswer answer;
    answer.body = json{{"reserved", true}, {"card_number", card}}.dump();
    return answer;
  });
  service.on("/refuse", [](const HttpMessage&, int) {
    ParticipantAnswer answer;
    answer.status = 409;
    answer.body = json{{"detail", "no money on card " + card}}.dump();
    return answer;
  });
}

bool leaks(const std::string& text) { return text.find("CANARY-") != std::string::npos; }

}  // namespace

TEST_CASE("marked members of payloads are shown to admin alone, wherever they could be seen", "[security][secrets]") {
  GuardedCoordinator coordinator(
      "secrets.payload_members: [card_number, /customer/phone, /items/*/pin]\nlimits.stream_heartbeat_ms: 100\n");
  FakeParticipant service;
  serve(service);
  EventReader stream(coordinator.port(), "/v1/events?overview=true", bearer(token_of("operate")));
  REQUIRE(stream.status() == 200);
  EventReader whole(coordinator.port(), "/v1/events?overview=true", bearer(token_of("admin")));
  REQUIRE(whole.status() == 200);
  const HttpMessage started = coordinator.as("initiate", "POST", "/v1/transactions?wait_ms=10000", order(service, "g").dump());
  REQUIRE(started.status == 201);
  CHECK_FALSE(leaks(started.body));
  REQUIRE(comes_true(
      [&] { return json::parse(coordinator.as("read", "GET", "/v1/transactions/g?wait_ms=1000").body).at("status") == "aborted"; }));
  // The participant got what was meant for it.
  REQUIRE(service.calls("/a").size() == 1);
  CHECK(service.calls("/a")[0].body.find(card) != std::string::npos);
  CHECK(service.calls("/a")[0].header("X-Tenant") == header);

  const std::vector<std::string> targets{
      "/v1/transactions/g", "/v1/transactions", "/v1/transactions/g/events", "/v1/overview", "/v1/destinations", "/v1/info", "/metrics"};
  for (const char* name : {"read", "initiate", "operate"}) {
    for (const std::string& target : targets) {
      INFO(name << " " << target);
      CHECK_FALSE(leaks(coordinator.as(name, "GET", target).body));
    }
  }
  const json seen = json::parse(coordinator.as("operate", "GET", "/v1/transactions/g").body);
  const json& branch = seen.at("branches")[0];
  CHECK(branch.at("payload") == json({{"order", 17},
                                      {"card_number", "***"},
                                      {"customer", {{"name", "Ann"}, {"phone", "***"}}},
                                      {"items", {{{"sku", "A"}, {"pin", "***"}}}}}));
  CHECK(branch.at("operations").at("action").at("output") == json({{"reserved", true}, {"card_number", "***"}}));
  CHECK(seen.at("abort_reason").at("detail") == "409: ***");
  CHECK(seen.at("branches")[1].at("operations").at("action").at("last_error") == "409: ***");
  CHECK_FALSE(leaks(coordinator.as("operate", "POST", "/v1/transactions/g/abort").body));

  // In the streams, too: of everything, from the log behind a place, and of one transaction.
  const auto leaks_to = [&](EventReader& reader) {
    bool is_leaking = false;
    for (int i = 0; i < 200; ++i) {
      const auto message = reader.next_event();
      if (!message) break;
      is_leaking = is_leaking || leaks(message->data);
      if (message->event == "aborted") return is_leaking;
    }
    FAIL("the stream does not come to the end of the transaction");
    return is_leaking;
  };
  CHECK(leaks_to(whole));
  for (const std::string& target : {std::string("/v1/events?after=0"), std::string("/v1/events?gid=g")}) {
    for (const char* name : {"read", "operate", "admin"}) {
      INFO(name << " " << target);
      EventReader reader(coordinator.port(), target, bearer(token_of(name)));
      CHECK(leaks_to(reader) == (std::string(name) == "admin"));
    }
  }
  // Who is admin no longer is sent nothing more of what only admin sees.
  std::string demoted = GuardedCoordinator::usual_tokens();
  const std::size_t role = demoted.find("[admin]");
  REQUIRE(role != std::string::npos);
  std::string events;
  for (int i = 0; i < 200 && events.find("aborted") == std::string::npos; ++i) {
    const auto message = stream.next_event();
    if (!message) break;
    if (message->event != "overview") events += message->event + " ";
    CHECK_FALSE(leaks(message->data));
  }
  CHECK(events.find("operation_failed") != std::string::npos);

  EventReader until_demoted(coordinator.port(), "/v1/events", bearer(token_of("admin")));
  REQUIRE(until_demoted.status() == 200);
  coordinator.replace_tokens(demoted.replace(role, 7, "[operate]"));
  coordinator.process().child().signal(SIGHUP);
  while (until_demoted.next_event()) {
  }
  CHECK(until_demoted.is_ended_in_order());
  CHECK_FALSE(leaks(coordinator.as("admin", "GET", "/v1/transactions/g").body));
  coordinator.replace_tokens(GuardedCoordinator::usual_tokens());
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_true([&] { return leaks(coordinator.as("admin", "GET", "/v1/transactions/g").body); }));

  const std::string all = coordinator.as("admin", "GET", "/v1/transactions/g").body;
  for (const std::string& secret : {card, phone, pin}) CHECK(all.find(secret) != std::string::npos);
  CHECK(all.find("no money on card " + card) != std::string::npos);
  CHECK(leaks(coordinator.as("admin", "GET", "/v1/transactions/g/events").body));
  // Headers are shown to nobody.
  for (const std::string& target : targets) CHECK(coordinator.as("admin", "GET", target).body.find(header) == std::string::npos);
}

TEST_CASE("no payload, header, token or query gets into the log at any level", "[security][secrets]") {
  GuardedCoordinator coordinator;
  FakeParticipant service;
  serve(service);
  REQUIRE(coordinator.as("initiate", "POST", "/v1/transactions?wait_ms=10000", order(service, "g").dump(), {{"X-Secret", header}}).status ==
          201);
  // Each way of being refused, too.
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions", R"({"card_number":")" + card + "\"}").status == 422);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions", "{\"" + card).status == 400);
  CHECK(coordinator.as("read", "GET", "/v1/transactions?attribute.card=" + query).status == 200);
  CHECK(coordinator.as("read", "GET", "/v1/transactions?unknown=" + query).status == 422);
  CHECK(send_http(coordinator.port(), "GET", "/v1/" + query).status == 401);
  CHECK(send_http(coordinator.port(), "GET", "/v1/info", "", bearer(token_of("thief"))).status == 401);
  CHECK(send_http(coordinator.port(), "GET", "/" + query + " HTTP/9").status >= 400);
  const std::string log = coordinator.log_after_stop();
  CHECK(log.find("\"level\":\"debug\"") != std::string::npos);
  CHECK_FALSE(leaks(log));
  CHECK(log.find("CCCCANARY") == std::string::npos);
}

TEST_CASE("what the configuration holds of secrets is shown nowhere", "[security][secrets]") {
  const TemporaryDirectory directory;
  write_file(directory.path() + "/escrow.yaml", "store: \"sqlite::memory:\"\nauth.tokens: [\"x:read:sha256:CANARY\"]\n");
  const auto wrong = run_to_end({ESCROWD, "--config", directory.path() + "/escrow.yaml", "--check-config"}, directory.path());
  CHECK(wrong.status == 2);
  CHECK_FALSE(wrong.errors.find("CANARY") != std::string::npos);
  CHECK(wrong.output.empty());
}

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

TEST_CASE("nobody of its own user may look into its memory unless that is permitted", "[security][secrets]") {
  const TemporaryDirectory directory;
  // What of a process may be looked into belongs to its user in /proc, and otherwise to root. So it must be somebody else's than root's.
  uid_t user = ::geteuid();
  std::string start = ESCROWD;
  if (user == 0) {
    user = 65'534;
    start = directory.path() + "/start.sh";
    const std::string program = directory.path() + "/escrowd";
    std::filesystem::copy_file(ESCROWD, program);
    write_file(start, "#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups -- " + program + " \"$@\"\n");
    REQUIRE(::chmod(program.c_str(), 0755) == 0);
    REQUIRE(::chmod(start.c_str(), 0755) == 0);
    REQUIRE(::chown(directory.path().c_str(), user, static_cast<gid_t>(user)) == 0);
  }
  const auto owner = [&](const std::string& settings) {
    write_file(directory.path() + "/escrow.yaml", settings);
    EscrowdProcess escrowd(start, directory.path(), {"--config", directory.path() + "/escrow.yaml"});
    struct stat seen{};
    REQUIRE(::stat(("/proc/" + std::to_string(escrowd.child().pid()) + "/environ").c_str(), &seen) == 0);
    CHECK(escrowd.stop() == 0);
    return seen.st_uid;
  };
  CHECK(owner("") == 0);
  CHECK(owner("core_dumps: true\n") == user);
}
