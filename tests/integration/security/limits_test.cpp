#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/event_reader.hpp"

using namespace escrow::testing;

/// What one principal may use: new work waits, what is under way never does.
namespace {

std::string interactive(const std::string& gid) {
  return json{{"gid", gid}, {"mode", "saga"}, {"interactive", true}, {"timeout_ms", 3'600'000}}.dump();
}

/// Refused for the time being, with the limit that says so.
bool is_held_back(const HttpMessage& answer, const std::string& limit) {
  if (answer.status != 503) return false;
  const json problem = json::parse(answer.body);
  CHECK(problem.at("code") == "overloaded");
  CHECK(problem.at("detail").get<std::string>().find(limit) != std::string::npos);
  CHECK(std::stoi(answer.header("Retry-After").value_or("0")) >= 1);
  return true;
}

}  // namespace

TEST_CASE("a principal that asks too often waits, and decisions and operators never do", "[security][limits]") {
  // One a minute would be less than the limit can say, so the burst is what counts here.
  GuardedCoordinator coordinator("limits.principal_rate_per_s: 1\nlimits.principal_burst: 5\n",
                                 entry_of("busy", "initiate", token_of("busy"), "  limits: {rate_per_s: 100000, burst: 100000}\n"));
  REQUIRE(coordinator.as("operate", "POST", "/v1/transactions", interactive("g")).status == 201);
  int held_back = 0;
  for (int i = 0; i < 200; ++i) {
    if (is_held_back(coordinator.as("initiate", "POST", "/v1/transactions", interactive("t" + std::to_string(i))), "principal_rate_per_s"))
      ++held_back;
  }
  CHECK(held_back > 0);
  REQUIRE(comes_true([&] { return is_held_back(coordinator.as("initiate", "GET", "/v1/transactions"), "principal_rate_per_s"); }));
  // What it has begun it may end.
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/g/branches", R"({"id":"a","compensate":"http://127.0.0.1:9/a"})").status ==
        201);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/g/extend", R"({"timeout_ms":60000})").status == 200);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/g/commit").status == 200);
  // Others are not held back by it, least of all operators.
  CHECK(coordinator.as("read", "GET", "/v1/transactions").status == 200);
  for (int i = 0; i < 50; ++i) REQUIRE(coordinator.as("operate", "GET", "/v1/transactions/g").status == 200);
  // And whose entry says so has a limit of its own.
  for (int i = 0; i < 50; ++i) REQUIRE(coordinator.as("busy", "GET", "/v1/transactions/g").status == 200);
}

TEST_CASE("a principal has its share of unfinished transactions", "[security][limits]") {
  GuardedCoordinator coordinator("limits.principal_unfinished_transactions: 2\n", entry_of("other", "initiate", token_of("other")));
  const auto start = [&](const std::string& name, const std::string& gid) {
    return coordinator.as(name, "POST", "/v1/transactions", interactive(gid));
  };
  CHECK(start("initiate", "a").status == 201);
  CHECK(start("initiate", "b").status == 201);
  CHECK(is_held_back(start("initiate", "c"), "principal_unfinished_transactions"));
  CHECK(coordinator.as("read", "GET", "/v1/transactions/c").status == 404);
  // A repeat is no new work, whoever's it was; another one's gid with another request is told so.
  CHECK(start("initiate", "a").status == 200);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions", R"({"gid":"a","mode":"tcc","interactive":true})").status == 409);
  CHECK(is_held_back(start("initiate", "c"), "principal_unfinished_transactions"));
  // Others have theirs, and operators have no such limit.
  CHECK(start("other", "d").status == 201);
  for (const char* gid : {"e", "f", "g"}) CHECK(start("operate", gid).status == 201);
  // What ends makes room, whoever ended it.
  CHECK(coordinator.as("operate", "POST", "/v1/transactions/a/abort").status == 200);
  CHECK(start("initiate", "c").status == 201);
  CHECK(is_held_back(start("initiate", "h"), "principal_unfinished_transactions"));
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/b/commit").status == 200);
  CHECK(start("initiate", "h").status == 201);
  // One that is refused takes no room.
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/h/commit").status == 200);
  for (int i = 0; i < 5; ++i)
    CHECK(coordinator.as("initiate", "POST", "/v1/transactions", R"({"gid":"d","mode":"tcc","interactive":true})").status == 409);
  CHECK(start("initiate", "i").status == 201);
}

TEST_CASE("after a restart a principal's share is counted anew, and what an earlier run left takes and gives no room",
          "[security][limits]") {
  GuardedCoordinator coordinator("limits.principal_unfinished_transactions: 2\n");
  const auto start = [&](const std::string& gid) { return coordinator.as("initiate", "POST", "/v1/transactions", interactive(gid)); };
  CHECK(start("a").status == 201);
  CHECK(start("b").status == 201);
  CHECK(is_held_back(start("c"), "principal_unfinished_transactions"));
  coordinator.restart();
  // As docs/security.md says: two more, and not a third.
  CHECK(start("c").status == 201);
  CHECK(start("d").status == 201);
  CHECK(is_held_back(start("e"), "principal_unfinished_transactions"));
  // Repeats of the earlier ones are answered, and their end gives no room that they did not take.
  CHECK(start("a").status == 200);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/a/commit").status == 200);
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/b/commit").status == 200);
  CHECK(is_held_back(start("e"), "principal_unfinished_transactions"));
  CHECK(coordinator.as("initiate", "POST", "/v1/transactions/c/commit").status == 200);
  CHECK(start("e").status == 201);
  CHECK(is_held_back(start("f"), "principal_unfinished_transactions"));
}

TEST_CASE("a principal has its share of readers of the stream", "[security][limits]") {
  GuardedCoordinator coordinator("limits.principal_stream_clients: 2\nlimits.stream_heartbeat_ms: 100\n");
  const auto headers = bearer(token_of("read"));
  std::optional<EventReader> first(std::in_place, coordinator.port(), "/v1/events", headers);
  EventReader second(coordinator.port(), "/v1/events", headers);
  CHECK(first->status() == 200);
  CHECK(second.status() == 200);
  CHECK(is_held_back(coordinator.as("read", "GET", "/v1/events"), "principal_stream_clients"));
  CHECK(EventReader(coordinator.port(), "/v1/events", bearer(token_of("operate"))).status() == 200);
  CHECK(EventReader(coordinator.port(), "/v1/events", bearer(token_of("initiate"))).status() == 200);
  first->close();
  first.reset();
  CHECK(comes_true([&] { return EventReader(coordinator.port(), "/v1/events", headers).status() == 200; }));
}
