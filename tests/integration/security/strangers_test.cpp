#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow::testing;

/// What those can do who have nothing but the address, or too small a role: take memory and connections from the others.
namespace {

std::string head(const std::string& target, const std::string& more, const std::string& host = "127.0.0.1") {
  return "POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n" + more +
         "\r\n";
}

std::string authorization(const std::string& name) { return "Authorization: Bearer " + token_of(name) + "\r\n"; }

/// The whole answer to a request whose body never comes; the coordinator must not wait for it.
HttpMessage answer_to(const GuardedCoordinator& coordinator, const std::string& sent) {
  RawSocket socket = RawSocket::connect(coordinator.port());
  REQUIRE(socket.send(sent));
  REQUIRE(socket.hears_within(5'000));
  return parse_http(socket.receive_all());
}

const std::string transactions = "/v1/transactions";
const std::string interactive = R"({"gid":"g","mode":"saga","interactive":true,"timeout_ms":3600000})";

}  // namespace

TEST_CASE("whoever may not do it is told so before his body is waited for", "[security][strangers]") {
  // Far longer than the test: what comes sooner has not waited.
  GuardedCoordinator coordinator("limits.body_timeout_ms: 600000\nlimits.principal_rate_per_s: 1\nlimits.principal_burst: 1\n");
  CHECK(answer_to(coordinator, head(transactions, "")).status == 401);
  CHECK(answer_to(coordinator, head(transactions, "Authorization: Bearer " + std::string(40, 'x') + "\r\n")).status == 401);
  CHECK(answer_to(coordinator, head("/v1/nothing/like/that", "")).status == 401);
  CHECK(answer_to(coordinator, head(transactions, authorization("read"))).status == 403);
  CHECK(answer_to(coordinator, head(transactions, authorization("initiate"), "evil.example")).status == 403);
  CHECK(answer_to(coordinator, head(transactions, authorization("initiate") + "Origin: http://evil.example\r\n")).status == 403);
  CHECK(answer_to(coordinator, head("/healthz/live", "")).status == 400);
  CHECK(answer_to(coordinator, head("/nothing", "")).status == 404);
  // Nothing of these has used up what the principal may; two of its own do.
  CHECK(coordinator.as("initiate", "GET", transactions).status == 200);
  REQUIRE(comes_true([&] { return coordinator.as("initiate", "GET", transactions).status == 503; }));
  CHECK(answer_to(coordinator, head(transactions, authorization("initiate"))).status == 503);
  // Whoever may is waited for.
  RawSocket allowed = RawSocket::connect(coordinator.port());
  REQUIRE(allowed.send(head(transactions, authorization("operate"))));
  CHECK_FALSE(allowed.hears_within(200));
}

TEST_CASE("those without a token take no connection from those with one", "[security][strangers]") {
  GuardedCoordinator coordinator("limits.connections: 20\nlimits.unknown_connections: 10\nlimits.idle_timeout_ms: 600000\n");
  RawSocket known = RawSocket::connect(coordinator.port());
  const std::string look = "GET /v1/info HTTP/1.1\r\nHost: 127.0.0.1\r\n" + authorization("read") + "\r\n";
  REQUIRE(known.send(look));
  REQUIRE(parse_http(known.receive_message()).status == 200);
  std::vector<RawSocket> strangers;
  for (int i = 0; i < 60; ++i) {
    strangers.push_back(RawSocket::connect(coordinator.port()));
    // Some are kept with what everybody may ask, some with what nobody will ever see.
    if (i % 3 == 0) strangers.back().send("GET /healthz/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    if (i % 3 == 1) strangers.back().send("POST /v1/transactions HTTP/1.1\r\nHost: 127");
  }
  CHECK(coordinator.as("initiate", "POST", transactions, interactive).status == 201);
  CHECK(coordinator.as("initiate", "POST", transactions + "/g/commit").status == 200);
  REQUIRE(known.send(look));
  CHECK(parse_http(known.receive_message()).status == 200);
  CHECK(strangers.front().wait_for_close());
}

TEST_CASE("bodies that are on their way hold so much memory and no more, and decisions are served meanwhile", "[security][strangers]") {
  GuardedCoordinator coordinator("limits.receiving_bytes: 1000000\nlimits.body_timeout_ms: 600000\n");
  REQUIRE(coordinator.as("initiate", "POST", transactions, interactive).status == 201);
  std::vector<RawSocket> slow;
  bool is_refused = false;
  // Room for two of them.
  for (int i = 0; i < 4; ++i) {
    slow.push_back(RawSocket::connect(coordinator.port()));
    slow.back().send(head(transactions, authorization("initiate")) + std::string(400'000, ' '));
  }
  for (int i = 0; i < 2'000 && !is_refused; ++i) {
    for (RawSocket& socket : slow) {
      if (!is_refused && socket.hears_within(2)) is_refused = parse_http(socket.receive_all()).status == 503;
    }
  }
  CHECK(is_refused);
  CHECK(coordinator.as("initiate", "POST", transactions + "/g/commit", R"({"reason":"x"})").status == 200);
}

TEST_CASE("what is refused for its Host or Origin is counted and logged", "[security][strangers]") {
  GuardedCoordinator coordinator;
  CHECK(coordinator.request("GET", "/v1/info", "", {{"Host", "evil.example"}}).status == 403);
  CHECK(coordinator.as("read", "POST", transactions, "{}", {{"Origin", "http://evil.example"}}).status == 403);
  CHECK(coordinator.metric("escrow_http_turned_away_total{reason=\"host\"}") == 1);
  CHECK(coordinator.metric("escrow_http_turned_away_total{reason=\"origin\"}") == 1);
  CHECK(coordinator.log_after_stop().find("\"reason\":\"host\"") != std::string::npos);
}
