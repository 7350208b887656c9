#include <catch2/catch.hpp>

#include <atomic>
#include <set>

#include "tests/integration/api/coordinator.hpp"

using namespace escrow::testing;

namespace {

json saga_branch(const FakeParticipant& service, const std::string& id, bool with_undo = true) {
  json branch{{"id", id}, {"action", service.url("/" + id)}};
  if (with_undo) branch["compensate"] = service.url("/" + id + "/undo");
  return branch;
}

json saga(const std::string& gid, std::vector<json> branches) {
  return {{"gid", gid}, {"mode", "saga"}, {"retry", quick_retry()}, {"branches", std::move(branches)}};
}

const json& operation(const json& transaction, std::size_t branch, const std::string& name) {
  return transaction.at("branches").at(branch).at("operations").at(name);
}

bool has_attention(const json& transaction) { return !transaction.at("attention").empty(); }

}  // namespace

TEST_CASE("a saga calls its branches in order with payload and headers as given", "[api][saga]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/a", {200, R"({"order": 1.00})"});
  const std::string body = R"({"gid":"g","mode":"saga","headers":{"X-Tenant":"t1"},"branches":[
    {"id":"a","action":")" +
                           service.url("/a") + R"(","payload":{"n": 1.00, "big":12345678901234567890123,"s":"\u00e9"}},
    {"id":"b","action":")" +
                           service.url("/b") + R"(","headers":{"X-Own":"b"}}]})";
  const auto started = coordinator.request("POST", "/v1/transactions?wait_ms=10000", body,
                                           {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  REQUIRE(started.status == 201);
  CHECK(started.header("Location") == "/v1/transactions/g");
  CHECK(json::parse(started.body).at("status") == "committed");
  CHECK(started.body.find(R"("payload":{"n": 1.00, "big":12345678901234567890123,"s":"\u00e9"})") != std::string::npos);
  CHECK(started.body.find(R"("output":{"order": 1.00})") != std::string::npos);

  const auto calls = service.calls();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].target == "/a");
  CHECK(calls[0].body == R"({"n": 1.00, "big":12345678901234567890123,"s":"\u00e9"})");
  CHECK(calls[0].header("Content-Type") == "application/json");
  CHECK(calls[0].header("Escrow-Gid") == "g");
  CHECK(calls[0].header("Escrow-Branch") == "a");
  CHECK(calls[0].header("Escrow-Operation") == "action");
  CHECK(calls[0].header("Escrow-Phase") == "forward");
  CHECK(calls[0].header("Escrow-Attempt") == "1");
  CHECK(calls[0].header("Idempotency-Key") == "g/a/action");
  CHECK(calls[0].header("X-Tenant") == "t1");
  CHECK(calls[0].header("traceparent").value_or("").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  CHECK(calls[1].target == "/b");
  CHECK(calls[1].body.empty());
  CHECK_FALSE(calls[1].header("Content-Type"));
  CHECK(calls[1].header("X-Own") == "b");
}

TEST_CASE("gids that are prefixes of one another are different transactions", "[api]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/refused", {409, "\"no\""});
  const std::vector<std::string> gids{"a", "a.", "a.b", "a.b:c", "A", "a-b", "a.b:c_"};
  for (std::size_t i = 0; i < gids.size(); ++i) {
    json body = saga(gids[i], {saga_branch(service, "x")});
    if (i % 2 == 1) body["branches"].push_back(saga_branch(service, "refused"));
    coordinator.run(body);
  }
  for (std::size_t i = 0; i < gids.size(); ++i) {
    const json seen = coordinator.get("/v1/transactions/" + gids[i]);
    CHECK(seen.at("gid") == gids[i]);
    CHECK(seen.at("status") == (i % 2 == 1 ? "aborted" : "committed"));
    const json events = coordinator.get("/v1/transactions/" + gids[i] + "/events").at("events");
    CHECK(events.front().at("type") == "started");
    CHECK(events.back().at("type") == (i % 2 == 1 ? "aborted" : "committed"));
  }
  CHECK(coordinator.transactions() == gids.size());
  CHECK(service.calls("/x").size() == gids.size());
  coordinator.get("/v1/transactions/a.b:", 404);
}

TEST_CASE("a repeated start is the same transaction, another one is a conflict", "[api]") {
  Coordinator coordinator;
  FakeParticipant service;
  const std::string url = service.url("/a");
  const auto start = [&](const std::string& body) { return coordinator.request("POST", "/v1/transactions?wait_ms=10000", body); };
  CHECK(start(R"({"gid":"g","mode":"saga","headers":{"A":"1"},"branches":[{"id":"a","action":")" + url + R"(","payload":{"x":1,"y":2}}]})")
            .status == 201);
  const auto repeated =
      start(R"({"branches":[{"payload":{"y":2, "x":1},"action":")" + url + R"(","id":"a"}],"mode":"saga","gid":"g","timeout_ms":60000})");
  CHECK(repeated.status == 200);
  CHECK(json::parse(repeated.body).at("status") == "committed");
  const auto other =
      start(R"({"gid":"g","mode":"saga","name":"n","branches":[{"id":"a","action":")" + url + R"(","payload":{"x":1.0,"y":2}}]})");
  CHECK(other.status == 409);
  CHECK(json::parse(other.body).at("code") == "gid_conflict");
  CHECK(json::parse(other.body).at("differs") == json({"/name", "/branches/0/payload"}));
  CHECK(service.calls().size() == 1);
}

TEST_CASE("the word FAILURE in a 200 answer is a success", "[api][saga]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/a", {200, R"({"result":"FAILURE"})"});
  service.on("/b", {200, "FAILURE", "text/plain"});
  const json seen = coordinator.run(saga("g", {saga_branch(service, "a"), saga_branch(service, "b")}));
  CHECK(seen.at("status") == "committed");
  CHECK(operation(seen, 0, "action").at("output") == json({{"result", "FAILURE"}}));
  CHECK(operation(seen, 1, "action").at("output").is_null());
}

TEST_CASE("a branch slower than its first time-out succeeds with a later attempt of the same key", "[api][saga][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  service.on("/a", [&](const HttpMessage&, int call) {
    if (call == 1) gate.wait();
    return ParticipantAnswer{200, R"("done")"};
  });
  json body = saga("g", {saga_branch(service, "a")});
  body["request_timeout_ms"] = 100;
  const json seen = coordinator.run(body);
  gate.open();
  CHECK(seen.at("status") == "committed");
  CHECK(operation(seen, 0, "action").at("attempts") == 2);
  const auto calls = service.calls("/a");
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].header("Idempotency-Key") == calls[1].header("Idempotency-Key"));
  CHECK(calls[1].header("Escrow-Attempt") == "2");
}

TEST_CASE("a refusal after an unknown attempt aborts and is undone", "[api][saga]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/a", [](const HttpMessage&, int call) { return ParticipantAnswer{call == 1 ? 500 : 409}; });
  const json seen = coordinator.run(saga("g", {saga_branch(service, "a")}));
  CHECK(seen.at("status") == "aborted");
  CHECK(seen.at("abort_reason").at("code") == "branch_failed");
  CHECK(operation(seen, 0, "action").at("state") == "failed");
  CHECK(operation(seen, 0, "compensate").at("state") == "succeeded");
  CHECK(service.calls("/a/undo").size() == 1);
}

TEST_CASE("a registration after the decision is refused and leaves nothing", "[api][tcc]") {
  Coordinator coordinator;
  FakeParticipant service;
  const auto branch = [&](const std::string& id) {
    return json{{"id", id}, {"confirm", service.url("/" + id + "/confirm")}, {"cancel", service.url("/" + id + "/cancel")}};
  };
  coordinator.post("/v1/transactions", {{"gid", "g"}, {"mode", "tcc"}, {"interactive", true}}, 201);
  coordinator.post("/v1/transactions/g/branches", branch("a"), 201);
  coordinator.post("/v1/transactions/g/branches", json::array({branch("a")}), 200);
  const json conflict = coordinator.post("/v1/transactions/g/branches",
                                         {{"id", "a"}, {"confirm", service.url("/other")}, {"cancel", service.url("/a/cancel")}}, 409);
  CHECK(conflict.at("code") == "branch_conflict");
  CHECK(conflict.at("differs") == json({"/confirm"}));
  coordinator.post("/v1/transactions/g/commit?wait_ms=10000", nullptr);
  const json refused = coordinator.post("/v1/transactions/g/branches", branch("b"), 409);
  CHECK(refused.at("code") == "already_decided");
  const json seen = coordinator.get("/v1/transactions/g");
  CHECK(seen.at("status") == "committed");
  CHECK(seen.at("branches").size() == 1);
  CHECK(service.calls().size() == 1);
  CHECK(coordinator.post("/v1/transactions/g/abort", nullptr, 409).at("code") == "already_decided");
  CHECK(coordinator.post("/v1/transactions/g/commit", nullptr).at("status") == "committed");
}

TEST_CASE("an undo that is refused raises attention at once and is called until it succeeds", "[api][saga][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  std::atomic<bool> refuses = true;
  service.on("/a/undo",
             [&](const HttpMessage&, int) { return refuses ? ParticipantAnswer{409, R"({"detail":"cannot"})"} : ParticipantAnswer(); });
  service.on("/b", {422, ""});
  coordinator.post("/v1/transactions", saga("g", {saga_branch(service, "a"), saga_branch(service, "b")}), 201);
  const json stuck = coordinator.eventually("g", has_attention);
  CHECK(stuck.at("status") == "aborting");
  CHECK(stuck.at("attention").at(0).at("branch") == "a");
  CHECK(stuck.at("attention").at(0).at("operation") == "compensate");
  CHECK(operation(stuck, 1, "compensate").at("state") == "skipped");
  const json listed = coordinator.get("/v1/transactions?attention=true").at("transactions");
  REQUIRE(listed.size() == 1);
  CHECK(listed.at(0).at("attention").size() == 1);
  REQUIRE(service.wait_for_calls("/a/undo", 3));
  CHECK(service.calls("/a/undo")[0].header("Escrow-Phase") == "final");
  refuses = false;
  const json seen = coordinator.finished("g");
  CHECK(seen.at("status") == "aborted");
  CHECK(seen.at("attention").empty());
  CHECK(coordinator.get("/v1/transactions?attention=true").at("transactions").empty());
}

TEST_CASE("a refused try is skipped when driven and cancelled when interactive", "[api][tcc][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/b/try", {409, ""});
  const auto branch = [&](const std::string& id, bool driven) {
    json out{{"id", id}, {"confirm", service.url("/" + id + "/confirm")}, {"cancel", service.url("/" + id + "/cancel")}};
    if (driven) out["try"] = service.url("/" + id + "/try");
    return out;
  };
  const json driven =
      coordinator.run({{"gid", "d"}, {"mode", "tcc"}, {"retry", quick_retry()}, {"branches", {branch("a", true), branch("b", true)}}});
  CHECK(driven.at("status") == "aborted");
  CHECK(operation(driven, 1, "try").at("state") == "failed");
  CHECK(operation(driven, 1, "cancel").at("state") == "skipped");
  CHECK(service.calls("/b/cancel").empty());

  // The coordinator has not seen the try of an interactive branch: it cancels, and the participant's barrier knows better.
  coordinator.post("/v1/transactions", {{"gid", "i"}, {"mode", "tcc"}, {"interactive", true}, {"branches", {branch("b", false)}}}, 201);
  const json aborted = coordinator.post("/v1/transactions/i/abort?wait_ms=10000", {{"reason", "try refused"}});
  CHECK(aborted.at("status") == "aborted");
  CHECK(aborted.at("abort_reason").at("code") == "initiator");
  CHECK(service.calls("/b/cancel").size() == 1);
  CHECK(service.calls("/b/cancel")[0].header("Idempotency-Key") == "i/b/cancel");
}

TEST_CASE("a pivot unknown at a crash is undone when it is refused afterwards", "[api][pivot]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  std::atomic<bool> crashed = false;
  service.on("/p", [&](const HttpMessage&, int) {
    if (!crashed) gate.wait();
    return ParticipantAnswer{409};
  });
  json pivot = saga_branch(service, "p");
  pivot["pivot"] = true;
  coordinator.post("/v1/transactions", saga("g", {saga_branch(service, "a"), pivot}), 201);
  REQUIRE(service.wait_for_calls("/p", 1));
  CHECK(coordinator.post("/v1/transactions/g/abort", nullptr, 409).at("code") == "past_pivot");
  crashed = true;
  coordinator.crash();
  const json seen = coordinator.finished("g");
  gate.open();
  CHECK(seen.at("status") == "aborted");
  CHECK(operation(seen, 1, "action").at("state") == "failed");
  CHECK(operation(seen, 1, "compensate").at("state") == "succeeded");
  CHECK(operation(seen, 0, "compensate").at("state") == "succeeded");
  CHECK(service.calls("/p/undo").size() == 1);
}

TEST_CASE("a pivot without undo that is refused after an unknown attempt waits for an operator", "[api][pivot]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/p", [](const HttpMessage&, int call) { return ParticipantAnswer{call == 1 ? 500 : 409}; });
  json pivot = saga_branch(service, "p", false);
  pivot["pivot"] = true;
  coordinator.post("/v1/transactions", saga("g", {saga_branch(service, "a"), pivot}), 201);
  const json stuck = coordinator.eventually("g", has_attention);
  CHECK(stuck.at("status") == "aborting");
  CHECK(stuck.at("attention").at(0).at("branch") == "p");
  REQUIRE(service.wait_for_calls("/a/undo", 1));
  const auto resolved =
      coordinator.request("POST", "/v1/transactions/g/branches/p/resolve?",
                          R"({"operation":"action","outcome":"refused","reason":"looked it up, ticket 7"})", {{"Escrow-Actor", "ann"}});
  CHECK(resolved.status == 200);
  CHECK(coordinator.finished("g").at("status") == "aborted");
}

TEST_CASE("the check of a two-phase message decides when the initiator is silent", "[api][message]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/check/no", {409, ""});
  const auto message = [&](const std::string& gid, const std::string& check) {
    return json{{"gid", gid},
                {"mode", "message"},
                {"interactive", true},
                {"check", service.url(check)},
                {"check_after_ms", 30},
                {"retry", quick_retry()},
                {"branches", {{{"id", "m"}, {"action", service.url("/m")}, {"payload", {1, 2}}}}}};
  };
  coordinator.post("/v1/transactions", message("yes", "/check/yes"), 201);
  coordinator.post("/v1/transactions", message("no", "/check/no"), 201);
  const json yes = coordinator.finished("yes");
  CHECK(yes.at("status") == "committed");
  CHECK(yes.at("deadline_at").is_null());
  CHECK(yes.at("check").at("state") == "succeeded");
  const json no = coordinator.finished("no");
  CHECK(no.at("status") == "aborted");
  CHECK(no.at("abort_reason").at("code") == "check_refused");
  REQUIRE(service.calls("/m").size() == 1);
  CHECK(service.calls("/m")[0].body == "[1,2]");
  const auto check = service.calls("/check/yes");
  REQUIRE(check.size() == 1);
  CHECK(check[0].header("Escrow-Operation") == "check");
  CHECK(check[0].header("Idempotency-Key") == "yes/check");
  CHECK_FALSE(check[0].header("Escrow-Branch"));
  CHECK(check[0].body.empty());
}

TEST_CASE("a driven message is committed by its start", "[api][message]") {
  Coordinator coordinator;
  FakeParticipant service;
  const json seen = coordinator.run({{"gid", "g"}, {"mode", "message"}, {"branches", {{{"id", "m"}, {"action", service.url("/m")}}}}});
  CHECK(seen.at("status") == "committed");
  CHECK(service.calls("/m")[0].header("Escrow-Phase") == "final");
}

TEST_CASE("a mixed transaction tries, passes its pivot, confirms and delivers", "[api][pivot]") {
  Coordinator coordinator;
  FakeParticipant service;
  json pay = saga_branch(service, "pay", false);
  pay["kind"] = "saga";
  pay["pivot"] = true;
  const json reserve{{"id", "stock"},
                     {"kind", "tcc"},
                     {"try", service.url("/stock/try")},
                     {"confirm", service.url("/stock/confirm")},
                     {"cancel", service.url("/stock/cancel")}};
  const json mail{{"id", "mail"}, {"kind", "message"}, {"action", service.url("/mail")}};
  const json seen = coordinator.run({{"gid", "g"}, {"mode", "mixed"}, {"branches", {reserve, pay, mail}}});
  CHECK(seen.at("status") == "committed");
  std::set<std::string> called;
  for (const auto& call : service.calls()) called.insert(call.target);
  CHECK(called == std::set<std::string>{"/stock/try", "/pay", "/stock/confirm", "/mail"});
}

TEST_CASE("an acknowledged transaction goes on after a crash", "[api][crash]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  std::atomic<bool> crashed = false;
  service.on("/a", [&](const HttpMessage&, int) {
    if (!crashed) gate.wait();
    return ParticipantAnswer();
  });
  coordinator.post("/v1/transactions", saga("g", {saga_branch(service, "a"), saga_branch(service, "b")}), 201);
  REQUIRE(service.wait_for_calls("/a", 1));
  crashed = true;
  coordinator.crash();
  CHECK(coordinator.finished("g").at("status") == "committed");
  gate.open();
  CHECK(service.calls("/b").size() == 1);
}
