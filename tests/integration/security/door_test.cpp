#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/event_reader.hpp"
#include "tests/support/fake_participant.hpp"

using namespace escrow::testing;

/// Who gets in, tried against the real program: each way of having no token, a wrong one, or one whose role is not enough.
namespace {

struct Place {
  std::string method;
  std::string path;
  /// Empty: for everybody.
  std::string role;
};

/// Every route and method that the coordinator says it has, with names that are of nothing.
std::vector<Place> places(const json& document) {
  std::vector<Place> out;
  for (const auto& [pattern, item] : document.at("paths").items()) {
    std::string path = pattern;
    for (const auto& [placeholder, text] : {std::pair("{gid}", "none"), std::pair("{id}", "none"), std::pair("{file}", "none")}) {
      if (const std::size_t at = path.find(placeholder); at != std::string::npos) path.replace(at, std::string(placeholder).size(), text);
    }
    for (const auto& [name, operation] : item.items()) {
      if (name.starts_with("x-")) continue;
      std::string method = name;
      std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      out.push_back({method, path, operation.value("x-required-role", "")});
    }
  }
  return out;
}

const std::vector<std::string> roles{"read", "initiate", "operate", "admin"};

std::string interactive(const std::string& gid) { return json{{"gid", gid}, {"mode", "saga"}, {"interactive", true}}.dump(); }

std::string challenge(const HttpMessage& answer) { return answer.header("WWW-Authenticate").value_or(""); }

bool refuses(const HttpMessage& answer) {
  return answer.status == 401 && challenge(answer).starts_with("Bearer") && json::parse(answer.body).at("code") == "unauthenticated";
}

/// The lines of a log with that event.
std::vector<json> lines_of(const std::string& log, const std::string& event) {
  std::vector<json> out;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_discarded() && parsed.value("event", "") == event) out.push_back(std::move(parsed));
  }
  return out;
}

/// The settings that a start has warned of.
std::vector<std::string> warned_keys(const std::string& log) {
  std::vector<std::string> out;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    const json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_discarded() && parsed.value("level", "") == "warning" && parsed.contains("key")) out.push_back(parsed.at("key"));
  }
  return out;
}

}  // namespace

TEST_CASE("without a token nothing but health, console and the API description is answered", "[security][door]") {
  GuardedCoordinator coordinator;
  std::size_t closed = 0;
  for (const Place& place : places(coordinator.contract().document())) {
    INFO(place.method << " " << place.path);
    // The event stream has no end; what is asked here is whether it begins.
    const HttpMessage answer = coordinator.request(place.method, place.path);
    CHECK((answer.status == 401) == !place.role.empty());
    if (place.role.empty()) continue;
    ++closed;
    CHECK(challenge(answer) == R"(Bearer realm="escrow")");
    CHECK(answer.header("Access-Control-Allow-Origin") == std::nullopt);
  }
  CHECK(closed > 30);
  for (const char* path : {"/v1", "/v1/", "/v1/secret", "/v1/transactions/", "/v1/transactions/a/b/c", "/v1/events/x"})
    CHECK(refuses(send_http(coordinator.port(), "GET", path)));
  CHECK(refuses(send_http(coordinator.port(), "DELETE", "/v1/transactions")));
  // Other spellings of a path are no way around: they are no path of ours.
  for (const char* path :
       {"//v1/transactions", "/%76%31/transactions", "/V1/transactions", "/./v1/transactions", "/x/../v1/transactions"}) {
    const int status = send_http(coordinator.port(), "GET", path).status;
    INFO(path << " " << status);
    CHECK((status == 404 || status == 400));
  }
  CHECK(json::parse(coordinator.as("read", "GET", "/v1/transactions").body).at("transactions").empty());
}

TEST_CASE("each role opens the routes that are for it and no others", "[security][door]") {
  GuardedCoordinator coordinator;
  for (const Place& place : places(coordinator.contract().document())) {
    if (place.role.empty() || (place.path == "/v1/events" && place.method == "GET")) continue;
    for (const std::string& role : roles) {
      INFO(role << " " << place.method << " " << place.path);
      const HttpMessage answer = coordinator.as(role, place.method, place.path);
      CHECK(answer.status != 401);
      const bool is_enough = std::ranges::find(roles, role) >= std::ranges::find(roles, place.role);
      CHECK((answer.status == 403) == !is_enough);
      if (is_enough) continue;
      CHECK(challenge(answer) == R"(Bearer realm="escrow", error="insufficient_scope", scope=")" + place.role + "\"");
      if (place.method != "HEAD") CHECK(json::parse(answer.body).at("code") == "forbidden");
    }
  }
  // Refused before it is read: a body that is no JSON is no way to learn anything.
  CHECK(coordinator.as("read", "POST", "/v1/transactions", "{").status == 403);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions", interactive("mine")).status == 201);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/mine/retry").status == 403);
  CHECK(coordinator.as("read", "POST", "/v1/transactions/mine/commit").status == 403);
  CHECK(json::parse(coordinator.as("read", "GET", "/v1/transactions/mine").body).at("status") == "active");
}

TEST_CASE("a token that is wrong in any way is refused", "[security][door]") {
  GuardedCoordinator coordinator("", entry_of("late", "admin", token_of("late"), "  expires_at: 2026-01-01T00:00:00Z\n"));
  const std::string good = token_of("admin");
  const auto status = [&](const HeaderList& headers, const std::string& target = "/v1/info") {
    const HttpMessage answer = send_http(coordinator.port(), "GET", target, "", headers);
    CHECK((answer.status == 200 || refuses(answer)));
    return answer.status;
  };
  CHECK(status(bearer(good)) == 200);
  CHECK(status({{"authorization", "bearer " + good}}) == 200);
  // Nearly right, expired.
  CHECK(status(bearer(good + "x")) == 401);
  CHECK(status(bearer(good.substr(0, good.size() - 1))) == 401);
  CHECK(status(bearer("")) == 401);
  CHECK(status(bearer(token_of("late"))) == 401);
  // The stored hash is no token.
  CHECK(status(bearer("sha256" + std::string(64, '0'))) == 401);
  // Tricks with the header: twice, a list, another scheme, other separators, other headers.
  CHECK(status({{"Authorization", "Bearer " + good}, {"Authorization", "Bearer " + good}}) == 401);
  CHECK(status({{"Authorization", "Bearer wrong"}, {"Authorization", "Bearer " + good}}) == 401);
  for (const std::string& value : {"Bearer " + good + ", Bearer " + good, "Bearer " + good + " " + good, "Bearer\t" + good, "Basic " + good,
                                   "Bearer" + good, good, "Bearer \"" + good + "\"", "Bearer token=" + good, "Digest Bearer " + good})
    CHECK(status({{"Authorization", value}}) == 401);
  CHECK(status({{"Proxy-Authorization", "Bearer " + good}}) == 401);
  CHECK(status({{"X-Authorization", "Bearer " + good}}) == 401);
  CHECK(status({{"Cookie", "token=" + good}}) == 401);
  CHECK(status({{"Escrow-Actor", "admin"}}) == 401);
  CHECK(status({{"X-Forwarded-User", "admin"}, {"X-Client-Cert", "admin"}}) == 401);
  // Where it would end in logs it is not looked at.
  CHECK(status({}, "/v1/info?access_token=" + good) == 401);
  CHECK(status({}, "/v1/info?token=" + good) == 401);

  CHECK(coordinator.metric(R"(escrow_http_turned_away_total{reason="unknown"})") >= 2);
  CHECK(coordinator.metric(R"(escrow_http_turned_away_total{reason="expired"})") == 1);
  CHECK(coordinator.metric(R"(escrow_http_turned_away_total{reason="malformed"})") > 10);
  const std::string log = coordinator.log_after_stop();
  CHECK(log.find("turned away") != std::string::npos);
  CHECK(log.find("CANARY") == std::string::npos);
}

TEST_CASE("whoever tries tokens does not fill the log", "[security][door]") {
  GuardedCoordinator coordinator;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i) CHECK(refuses(send_http(coordinator.port(), "GET", "/v1/info", "", bearer(token_of("thief")))));
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  CHECK(coordinator.metric(R"(escrow_http_turned_away_total{reason="unknown"})") == 300);
  const std::string log = coordinator.log_after_stop();
  std::int64_t lines = 0;
  for (std::size_t at = log.find("turned away"); at != std::string::npos; at = log.find("turned away", at + 1)) ++lines;
  CHECK(lines >= 1);
  CHECK(lines <= took.count() + 2);
}

TEST_CASE("the history names the principal, whatever the request claims", "[security][door]") {
  GuardedCoordinator coordinator;
  const HeaderList liar{{"Escrow-Actor", "somebody-else"}};
  const auto decided_by = [&](const std::string& gid) {
    const json events = json::parse(coordinator.as("read", "GET", "/v1/transactions/" + gid + "/events").body).at("events");
    CHECK(events.dump().find("somebody-else") == std::string::npos);
    CHECK(events.front().at("actor") == "initiate");
    const auto decision =
        std::ranges::find_if(events, [](const json& event) { return event.at("type").get<std::string>().ends_with("_decided"); });
    return decision == events.end() ? json() : decision->at("actor");
  };
  const auto abort_code = [&](const HttpMessage& answer) { return json::parse(answer.body).at("abort_reason").at("code"); };
  for (const char* gid : {"a", "b", "c"})
    REQUIRE(coordinator.as("initiate", "POST", "/v1/transactions", interactive(gid), liar).status == 201);

  CHECK(abort_code(coordinator.as("initiate", "POST", "/v1/transactions/a/abort", R"({"reason":"no"})", liar)) == "initiator");
  CHECK(decided_by("a") == "initiate");
  CHECK(abort_code(coordinator.as("operate", "POST", "/v1/transactions/b/abort", "", liar)) == "operator");
  CHECK(decided_by("b") == "operate");
  CHECK(coordinator.as("admin", "POST", "/v1/transactions/c/commit", "", liar).status == 200);
  CHECK(decided_by("c") == "admin");
  // Not even looked at: one that would be refused elsewhere.
  CHECK(coordinator.as("admin", "POST", "/v1/transactions/c/commit", "", {{"Escrow-Actor", std::string(300, 'x')}}).status == 200);
}

TEST_CASE("an operator's word has the principal's name on it", "[security][door]") {
  GuardedCoordinator coordinator;
  FakeParticipant service;
  service.on("/undo", [](const HttpMessage&, int) {
    ParticipantAnswer answer;
    answer.status = 409;
    return answer;
  });
  service.on("/no", [](const HttpMessage&, int) {
    ParticipantAnswer answer;
    answer.status = 409;
    return answer;
  });
  const json body{{"gid", "g"},
                  {"mode", "saga"},
                  {"retry", {{"initial_ms", 5}, {"max_ms", 40}}},
                  {"branches",
                   {{{"id", "a"}, {"action", service.url("/a")}, {"compensate", service.url("/undo")}},
                    {{"id", "b"}, {"action", service.url("/no")}}}}};
  REQUIRE(coordinator.as("initiate", "POST", "/v1/transactions", body.dump()).status == 201);
  const std::string word = R"({"operation":"compensate","outcome":"succeeded","reason":"by hand"})";
  REQUIRE(comes_true([&] { return coordinator.as("operate", "POST", "/v1/transactions/g/branches/a/resolve", word).status == 200; }));
  const json events = json::parse(coordinator.as("read", "GET", "/v1/transactions/g/events").body).at("events");
  CHECK(std::ranges::any_of(events,
                            [](const json& event) { return event.at("type") == "operation_resolved" && event.at("actor") == "operate"; }));
}

TEST_CASE("a token is replaced without a restart and without a gap", "[security][reload]") {
  GuardedCoordinator coordinator("auth.reload_ms: 100\n");
  const auto status = [&](const std::string& token) { return send_http(coordinator.port(), "GET", "/v1/info", "", bearer(token)).status; };
  const std::string fresh = token_of("read-next");
  CHECK(status(fresh) == 401);
  coordinator.replace_tokens(GuardedCoordinator::usual_tokens() + entry_of("read", "read", fresh));
  REQUIRE(comes_true([&] { return status(fresh) == 200; }));
  CHECK(status(token_of("read")) == 200);
  // The old one goes; who holds it is out.
  coordinator.replace_tokens(entry_of("read", "read", fresh));
  REQUIRE(comes_true([&] { return status(token_of("read")) == 401; }));
  CHECK(status(fresh) == 200);
  CHECK(status(token_of("admin")) == 401);
}

TEST_CASE("a hangup reads the file at once, and one that is wrong changes nothing", "[security][reload]") {
  GuardedCoordinator coordinator("auth.reload_ms: 3600000\n");
  const std::string fresh = token_of("late-comer");
  const auto status = [&](const std::string& token) { return send_http(coordinator.port(), "GET", "/v1/info", "", bearer(token)).status; };
  coordinator.replace_tokens("- {name: broken");
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_true([&] { return coordinator.metric(R"(escrow_reloads_total{outcome="failed"})") == 1; }));
  CHECK(status(token_of("admin")) == 200);
  // One that everybody may write is as good as broken.
  coordinator.replace_tokens(entry_of("thief", "admin", fresh));
  REQUIRE(::chmod((coordinator.directory() + "/tokens.yaml").c_str(), 0666) == 0);
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_true([&] { return coordinator.metric(R"(escrow_reloads_total{outcome="failed"})") == 2; }));
  CHECK(status(fresh) == 401);
  CHECK(status(token_of("admin")) == 200);
  coordinator.replace_tokens(GuardedCoordinator::usual_tokens() + entry_of("new", "read", fresh));
  coordinator.process().child().signal(SIGHUP);
  REQUIRE(comes_true([&] { return status(fresh) == 200; }));
}

TEST_CASE("a stream ends when its token is taken away", "[security][reload]") {
  GuardedCoordinator coordinator("auth.reload_ms: 100\nlimits.stream_heartbeat_ms: 100\n");
  EventReader reader(coordinator.port(), "/v1/events", bearer(token_of("read")));
  REQUIRE(reader.status() == 200);
  coordinator.replace_tokens(entry_of("other", "read", token_of("other")));
  int heartbeats = 0;
  while (reader.next() && ++heartbeats < 1'000) {
  }
  CHECK(reader.is_ended_in_order());
  CHECK(EventReader(coordinator.port(), "/v1/events", bearer(token_of("read"))).status() == 401);
}

TEST_CASE("metrics are for those with a token unless they are opened on purpose", "[security][door]") {
  GuardedCoordinator open("auth.open_metrics: true\n");
  CHECK(send_http(open.port(), "GET", "/metrics").status == 200);
  CHECK(send_http(open.port(), "GET", "/v1/info").status == 401);
}

TEST_CASE("off loopback it starts with authentication or with a word that it is not wanted", "[security][door]") {
  const TemporaryDirectory directory;
  const std::string tokens = directory.path() + "/tokens.yaml";
  write_file(tokens, GuardedCoordinator::usual_tokens());
  const auto run = [&](const std::string& settings, std::vector<std::string> more) {
    write_file(directory.path() + "/escrow.yaml", "listen: 0.0.0.0:0\nstore: \"sqlite::memory:\"\n" + settings);
    std::vector<std::string> command{ESCROWD, "--config", directory.path() + "/escrow.yaml"};
    command.insert(command.end(), more.begin(), more.end());
    return run_to_end(command, directory.path());
  };
  const auto refused = run("", {});
  CHECK(refused.status == 2);
  CHECK(json::parse(refused.errors).at("key") == "listen");
  CHECK(run("auth.tokens_file: " + tokens + "\n", {"--check-config"}).status == 0);
  CHECK(run("auth.insecure: true\n", {"--check-config"}).status == 0);

  write_file(directory.path() + "/escrow.yaml", "listen: 0.0.0.0:0\nstore: \"sqlite::memory:\"\nauth.tokens_file: " + tokens + "\n");
  ChildProcess child({ESCROWD, "--config", directory.path() + "/escrow.yaml"}, directory.path() + "/log");
  const auto line = child.read_line(std::chrono::seconds(30));
  REQUIRE(line);
  const auto port = static_cast<std::uint16_t>(std::stoul(line->substr(line->rfind(':') + 1)));
  CHECK(send_http(port, "GET", "/v1/info").status == 401);
  CHECK(send_http(port, "GET", "/v1/info", "", bearer(token_of("read"))).status == 200);
  child.signal(SIGTERM);
  CHECK(child.wait() == 0);
  // Whoever is on the way reads the tokens.
  CHECK(warned_keys(read_file(directory.path() + "/log")) == std::vector<std::string>{"tls"});
}

TEST_CASE("the log says at the start whether requests are asked, and warns where others may come", "[security][door]") {
  GuardedCoordinator guarded;
  const auto asked = lines_of(guarded.log_after_stop(), "ready");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].at("authentication") == "tokens");
  const auto log_of_open = [](const std::string& settings) {
    const TemporaryDirectory directory;
    write_file(directory.path() + "/escrow.yaml", settings);
    EscrowdProcess escrowd(ESCROWD, directory.path(), {"--config", directory.path() + "/escrow.yaml"});
    CHECK(escrowd.stop() == 0);
    return read_file(directory.path() + "/escrowd.log");
  };
  const std::string alone = log_of_open("");
  CHECK(lines_of(alone, "ready").at(0).at("authentication") == "none");
  CHECK(warned_keys(alone).empty());
  // Behind a proxy, everybody comes from loopback.
  CHECK(warned_keys(log_of_open("server.hosts: [escrow.internal]\n")) == std::vector<std::string>{"auth.tokens_file"});
}

TEST_CASE("a tokens file that can not be used ends the start with its key and shows nothing of it", "[security][door]") {
  const TemporaryDirectory directory;
  const std::string tokens = directory.path() + "/tokens.yaml";
  write_file(directory.path() + "/escrow.yaml", "listen: 127.0.0.1:0\nstore: \"sqlite::memory:\"\nauth.tokens_file: " + tokens + "\n");
  const auto start = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{ESCROWD, "--config", directory.path() + "/escrow.yaml"};
    command.insert(command.end(), more.begin(), more.end());
    FinishedProcess finished = run_to_end(command, directory.path());
    CHECK(finished.status == 2);
    CHECK(json::parse(finished.errors).at("key") == "auth.tokens_file");
    return finished.errors;
  };
  CHECK(start().find("can't be read") != std::string::npos);
  write_file(tokens, "- {name: x, roles: read, hash: \"CANARY\"}\n");
  CHECK(start().find("CANARY") == std::string::npos);
  CHECK(start({"--check-config"}).find("CANARY") == std::string::npos);
  write_file(tokens, "CANARY: [\n");
  CHECK(start().find("CANARY") == std::string::npos);
  write_file(tokens, "");
  static_cast<void>(start());
  // It would never be seen.
  write_file(tokens, "- {name: shop, roles: read, certificate: shop.internal}\n");
  CHECK(start().find("tls.client_ca_file") != std::string::npos);
  write_file(tokens, GuardedCoordinator::usual_tokens());
  REQUIRE(::chmod(tokens.c_str(), 0664) == 0);
  CHECK(start().find("chmod") != std::string::npos);
}

TEST_CASE("a tokens file that belongs to another user ends the start", "[security][door]") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const TemporaryDirectory directory;
  const std::string tokens = directory.path() + "/tokens.yaml";
  write_file(directory.path() + "/escrow.yaml", "listen: 127.0.0.1:0\nstore: \"sqlite::memory:\"\nauth.tokens_file: " + tokens + "\n");
  write_file(tokens, GuardedCoordinator::usual_tokens());
  REQUIRE(::chmod(tokens.c_str(), 0600) == 0);
  REQUIRE(::chown(tokens.c_str(), 65534, 65534) == 0);
  const FinishedProcess finished = run_to_end({ESCROWD, "--config", directory.path() + "/escrow.yaml"}, directory.path());
  CHECK(finished.status == 2);
  CHECK(json::parse(finished.errors).at("key") == "auth.tokens_file");
  CHECK(finished.errors.find("65534") != std::string::npos);
}
