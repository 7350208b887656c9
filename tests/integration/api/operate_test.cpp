#include <catch2/catch.hpp>

#include <atomic>

#include "tests/integration/api/coordinator.hpp"

using namespace escrow::testing;

/// Looking and operating: lists, history, retry, resolve, extend, health, metrics.
namespace {

json saga(const std::string& gid, const std::string& action, const std::string& undo = "") {
  json branch{{"id", "a"}, {"action", action}};
  if (!undo.empty()) branch["compensate"] = undo;
  return {{"gid", gid}, {"mode", "saga"}, {"retry", quick_retry()}, {"branches", {branch}}};
}

std::vector<std::string> gids(const json& page) {
  std::vector<std::string> out;
  for (const auto& transaction : page.at("transactions")) out.push_back(transaction.at("gid"));
  return out;
}

using Gids = std::vector<std::string>;

bool is_backing_off(const json& transaction) {
  return transaction.at("branches").at(0).at("operations").at("action").at("state") == "backing_off";
}

}  // namespace

TEST_CASE("lists are newest first, filtered, and paged by cursors that newer transactions do not disturb", "[api][list]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/no", {409, ""});
  for (int i = 0; i < 5; ++i) {
    json body = saga("t" + std::to_string(i), service.url(i % 2 == 0 ? "/ok" : "/no"));
    body["name"] = i < 3 ? "low" : "high";
    body["attributes"] = {{"customer", "c" + std::to_string(i % 2)}};
    coordinator.run(body);
  }
  CHECK(gids(coordinator.get("/v1/transactions")) == Gids{"t4", "t3", "t2", "t1", "t0"});
  CHECK(gids(coordinator.get("/v1/transactions?status=aborted")) == Gids{"t3", "t1"});
  CHECK(gids(coordinator.get("/v1/transactions?status=aborted&status=committed&name=high")) == Gids{"t4", "t3"});
  CHECK(gids(coordinator.get("/v1/transactions?attribute.customer=c0&name=low")) == Gids{"t2", "t0"});
  CHECK(gids(coordinator.get("/v1/transactions?mode=tcc")).empty());
  CHECK(gids(coordinator.get("/v1/transactions?name=%27%20OR%201=1--")).empty());
  const json middle = coordinator.get("/v1/transactions/t2");
  CHECK(gids(coordinator.get("/v1/transactions?started_after=" + middle.at("started_at").get<std::string>())) == Gids{"t4", "t3"});
  CHECK(gids(coordinator.get("/v1/transactions?started_before=" + middle.at("started_at").get<std::string>())) == Gids{"t1", "t0"});

  const json first = coordinator.get("/v1/transactions?limit=2");
  CHECK(gids(first) == Gids{"t4", "t3"});
  coordinator.run(saga("newer", service.url("/ok")));
  const json second = coordinator.get("/v1/transactions?limit=2&cursor=" + first.at("next_cursor").get<std::string>());
  CHECK(gids(second) == Gids{"t2", "t1"});
  const json last = coordinator.get("/v1/transactions?limit=2&cursor=" + second.at("next_cursor").get<std::string>());
  CHECK(gids(last) == Gids{"t0"});
  const json fault = coordinator.get("/v1/transactions?cursor=nonsense", 422);
  CHECK(fault.at("errors").at(0).at("parameter") == "cursor");
}

TEST_CASE("the history tells what happened, in order and with who did it", "[api][events][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  coordinator.post("/v1/transactions", {{"gid", "g"}, {"mode", "saga"}, {"interactive", true}}, 201);
  coordinator.post("/v1/transactions/g/branches", {{"id", "a"}, {"compensate", service.url("/undo")}}, 201);
  coordinator.post("/v1/transactions/g/extend", {{"timeout_ms", 60'000}});
  const auto aborted =
      coordinator.request("POST", "/v1/transactions/g/abort?wait_ms=10000", R"({"reason":"customer left"})", {{"Escrow-Actor", "ann"}});
  CHECK(aborted.status == 200);
  CHECK(json::parse(aborted.body).at("abort_reason") == json({{"code", "operator"}, {"branch", nullptr}, {"detail", "customer left"}}));
  std::vector<std::string> types;
  std::int64_t seq = 0;
  const json history = coordinator.get("/v1/transactions/g/events");
  for (const auto& event : history.at("events")) {
    types.push_back(event.at("type"));
    CHECK(event.at("seq") > seq);
    seq = event.at("seq");
    if (event.at("type") == "abort_decided") CHECK(event.at("actor") == "ann");
  }
  CHECK(types == std::vector<std::string>{"started", "branch_registered", "extended", "abort_decided", "operation_succeeded", "aborted"});
  coordinator.get("/v1/transactions/none/events", 404);
}

TEST_CASE("retry calls what backs off now", "[api][retry]") {
  Coordinator coordinator;
  FakeParticipant service;
  std::atomic<bool> down = true;
  service.on("/a", [&](const HttpMessage&, int) { return ParticipantAnswer{down ? 500 : 200}; });
  for (const char* gid : {"one", "two"}) {
    json body = saga(gid, service.url("/a"));
    body["retry"] = {{"initial_ms", 3'600'000}, {"max_ms", 3'600'000}, {"max_attempts", 0}};
    body["timeout_ms"] = 3'600'000;
    coordinator.post("/v1/transactions", body, 201);
    coordinator.eventually(gid, is_backing_off);
  }
  down = false;
  CHECK(coordinator.post("/v1/transactions/one/retry", {{"reason", "the disk is mended"}}).at("gid") == "one");
  CHECK(coordinator.finished("one").at("status") == "committed");
  const json history = coordinator.get("/v1/transactions/one/events").at("events");
  CHECK(std::ranges::count_if(history, [](const json& event) {
          return event.at("type") == "retried_now" && event.at("detail") == "the disk is mended";
        }) == 1);
  CHECK(coordinator.post("/v1/transactions/one/retry", json::object(), 409).at("code") == "already_decided");
  CHECK(coordinator.post("/v1/retry", {{"destination", "http://127.0.0.1:1"}}) == json({{"count", 0}, {"dry_run", false}}));
  CHECK(coordinator.post("/v1/retry", {{"status", "active"}, {"dry_run", true}}) == json({{"count", 1}, {"dry_run", true}}));
  CHECK(coordinator.post("/v1/retry", {{"destination", service.url("")}, {"mode", "saga"}}).at("count") == 1);
  CHECK(coordinator.finished("two").at("status") == "committed");
  coordinator.post("/v1/transactions/none/retry", nullptr, 404);
}

TEST_CASE("an operator settles an undo by hand, with a reason that stays", "[api][resolve]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/undo", {500, ""});
  service.on("/b", {409, ""});
  json body = saga("g", service.url("/a"), service.url("/undo"));
  body["branches"].push_back({{"id", "b"}, {"action", service.url("/b")}});
  coordinator.post("/v1/transactions", body, 201);
  REQUIRE(service.wait_for_calls("/undo", 1));
  const std::string path = "/v1/transactions/g/branches/a/resolve";
  const std::string word = R"({"operation":"compensate","outcome":"succeeded","reason":"refunded by hand, ticket 8812"})";
  CHECK(coordinator.post(path, json::object(), 422).at("errors").size() == 3);
  CHECK(coordinator.post(path, {{"operation", "action"}, {"outcome", "succeeded"}, {"reason", "x"}}, 409).at("code") == "not_resolvable");
  coordinator.post("/v1/transactions/g/branches/none/resolve", json::parse(word), 404);
  coordinator.post("/v1/transactions/none/branches/a/resolve", json::parse(word), 404);
  CHECK(coordinator.request("POST", path, word, {{"Escrow-Actor", "ann"}}).status == 200);
  CHECK(coordinator.finished("g").at("status") == "aborted");
  CHECK(coordinator.request("POST", path, word).status == 200);
  bool told = false;
  const json history = coordinator.get("/v1/transactions/g/events");
  INFO(history.dump(1));
  for (const auto& event : history.at("events")) {
    if (event.at("type") != "operation_resolved") continue;
    told = true;
    CHECK(event.at("actor") == "ann");
    CHECK(event.at("detail").get<std::string>().find("ticket 8812") != std::string::npos);
  }
  CHECK(told);
}

TEST_CASE("decisions have their limits", "[api]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  service.on("/a", [&](const HttpMessage&, int) {
    gate.wait();
    return ParticipantAnswer();
  });
  coordinator.post("/v1/transactions", saga("driven", service.url("/a")), 201);
  REQUIRE(service.wait_for_calls("/a", 1));
  CHECK(coordinator.post("/v1/transactions/driven/commit", nullptr, 409).at("code") == "not_interactive");
  CHECK(coordinator.post("/v1/transactions/driven/extend", {{"timeout_ms", 1}}, 409).at("code") == "not_interactive");
  CHECK(coordinator.post("/v1/transactions/driven/branches", {{"id", "b"}}, 409).at("code") == "not_interactive");
  CHECK(coordinator.post("/v1/transactions/driven/resolve", {{"outcome", "committed"}, {"reason", "x"}}, 409).at("code") ==
        "not_resolvable");
  CHECK(coordinator.post("/v1/transactions/driven/abort", nullptr).at("status") == "aborting");
  gate.open();
  CHECK(coordinator.finished("driven").at("status") == "aborted");
  for (const char* what : {"commit", "abort", "retry"}) coordinator.post(std::string("/v1/transactions/none/") + what, nullptr, 404);

  coordinator.post("/v1/transactions", {{"gid", "empty"}, {"mode", "tcc"}, {"interactive", true}}, 201);
  CHECK(coordinator.post("/v1/transactions/empty/commit?wait_ms=10000", nullptr).at("status") == "committed");
  CHECK(coordinator.post("/v1/transactions/empty/extend", {{"timeout_ms", 1}}, 409).at("code") == "already_decided");
  coordinator.post("/v1/transactions", {{"gid", "late"}, {"mode", "tcc"}, {"interactive", true}, {"timeout_ms", 20}}, 201);
  const json late = coordinator.finished("late");
  CHECK(late.at("abort_reason").at("code") == "timeout");
}

TEST_CASE("the coordinator tells what it is and how it is", "[api][system]") {
  Coordinator coordinator;
  const json info = coordinator.get("/v1/info");
  CHECK(info.at("durable") == true);
  CHECK(info.at("store") == "sqlite");
  CHECK(info.at("limits").at("branches") == 1'000);
  const std::string store_id = info.at("store_id");
  CHECK(coordinator.get("/healthz/live").at("status") == "live");
  CHECK(coordinator.get("/healthz/ready").at("status") == "ready");
  const auto metrics = coordinator.request("GET", "/metrics");
  CHECK(metrics.status == 200);
  for (const char* name : {"escrow_transactions_started_total", "escrow_transactions_finished_total", "escrow_transactions_unfinished",
                           "escrow_transactions_attention", "escrow_calls_total", "escrow_call_duration_seconds_bucket",
                           "escrow_store_write_duration_seconds_bucket"}) {
    INFO(name);
    CHECK(metrics.body.find(name) != std::string::npos);
  }
  CHECK(coordinator.request("GET", "/").status == 200);
  CHECK(coordinator.request("HEAD", "/v1/transactions").body.empty());
  const auto options = coordinator.request("OPTIONS", "/v1/transactions");
  CHECK(options.status == 204);
  CHECK(options.header("Allow") == "GET, HEAD, POST, OPTIONS");
  coordinator.crash();
  CHECK(coordinator.get("/v1/info").at("store_id") == store_id);
}
