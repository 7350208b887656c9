#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/event_reader.hpp"

using namespace escrow::testing;

/// What an operator's page reads: how it goes, who is called, in which order, with which settings.
namespace {

json saga(const std::string& gid, const std::string& action, const std::string& undo, const std::string& second) {
  return {{"gid", gid},
          {"mode", "saga"},
          {"name", "place-order"},
          {"retry", quick_retry(2)},
          {"attention_after", 1},
          {"branches", {{{"id", "a"}, {"action", action}, {"compensate", undo}}, {{"id", "b"}, {"action", second}}}}};
}

const json& destination_of(const json& answer, const std::string& url) {
  for (const json& destination : answer.at("destinations")) {
    if (url.starts_with(destination.at("destination").get<std::string>())) return destination;
  }
  FAIL("not there: " << url << " in " << answer.dump());
  return answer;
}

}  // namespace

TEST_CASE("the overview tells what is unfinished, what is oldest, and what needs a person", "[api][overview][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/no", {409, ""});
  service.on("/stuck", {409, R"({"detail":"already shipped"})"});
  json seen = coordinator.get("/v1/overview");
  CHECK(seen.at("oldest").is_null());
  CHECK(seen.at("oldest_attention").is_null());
  CHECK(seen.at("attention") == 0);
  CHECK(seen.at("ready") == true);
  CHECK(seen.at("series").at("started").size() == 180);

  coordinator.run(saga("done", service.url("/a"), service.url("/undo"), service.url("/b")));
  coordinator.post("/v1/transactions", {{"gid", "first"}, {"mode", "saga"}, {"interactive", true}}, 201);
  for (const char* gid : {"stuck", "stuck-too"}) {
    coordinator.post("/v1/transactions", saga(gid, service.url("/a"), service.url("/stuck"), service.url("/no")), 201);
    coordinator.eventually(gid, [](const json& transaction) { return !transaction.at("attention").empty(); });
  }
  seen = coordinator.get("/v1/overview");
  INFO(seen.dump(1));
  CHECK(seen.at("unfinished") == json({{"active", 1}, {"committing", 0}, {"aborting", 2}}));
  CHECK(seen.at("attention") == 2);
  CHECK(seen.at("oldest").at("gid") == "first");
  CHECK(seen.at("oldest").at("status") == "active");
  const json& oldest = seen.at("oldest_attention");
  CHECK(oldest.at("gid") == "stuck");
  CHECK(oldest.at("name") == "place-order");
  CHECK(oldest.at("branch") == "a");
  CHECK(oldest.at("operation") == "compensate");
  CHECK(oldest.at("reason").get<std::string>().find("409") != std::string::npos);

  std::vector<std::string> gids;
  const json page = coordinator.get("/v1/transactions?attention=true&sort=oldest&limit=1");
  const json rest = coordinator.get("/v1/transactions?attention=true&sort=oldest&cursor=" + page.at("next_cursor").get<std::string>());
  for (const json* part : {&page, &rest}) {
    for (const json& transaction : part->at("transactions")) gids.push_back(transaction.at("gid"));
  }
  CHECK(gids == std::vector<std::string>{"stuck", "stuck-too"});
  CHECK(coordinator.get("/v1/transactions?sort=name", 422).at("errors").at(0).at("parameter") == "sort");
  CHECK(coordinator.get("/v1/overview?x=1", 422).at("errors").size() == 1);
}

TEST_CASE("a stream tells how it goes when something changes", "[api][overview][stream][one-life]") {
  Coordinator coordinator;
  EventReader reader(coordinator.port(), "/v1/events?overview=true&type=aborted");
  auto message = reader.next_event();
  REQUIRE(message);
  CHECK(message->event == "overview");
  CHECK(message->id.empty());
  json overview = json::parse(message->data);
  CHECK(overview.at("unfinished").at("active") == 0);
  CHECK_FALSE(overview.contains("series"));
  coordinator.post("/v1/transactions", {{"gid", "g"}, {"mode", "saga"}, {"interactive", true}}, 201);
  message = reader.next_event();
  REQUIRE(message);
  CHECK(message->event == "overview");
  CHECK(json::parse(message->data).at("oldest").at("gid") == "g");
  // The next reader is told at once, too.
  EventReader second(coordinator.port(), "/v1/events?overview=true&type=aborted");
  message = second.next_event();
  REQUIRE(message);
  CHECK(json::parse(message->data).at("oldest").at("gid") == "g");
  coordinator.post("/v1/transactions/g/abort", nullptr);
  bool told = false;
  for (int turn = 0; turn < 20 && !told; ++turn) {
    message = reader.next_event();
    REQUIRE(message);
    told = message->event == "aborted";
  }
  CHECK(told);
  CHECK(coordinator.get("/v1/events?gid=g&overview=true", 422).at("errors").at(0).at("parameter") == "overview");
}

TEST_CASE("destinations tell who is called, how it answers, and whether it is given a pause", "[api][destinations][one-life]") {
  Coordinator coordinator;
  CHECK(coordinator.get("/v1/destinations").at("destinations").empty());
  FakeParticipant good;
  FakeParticipant bad;
  bad.on("/b", {500, ""});
  coordinator.run(saga("one", good.url("/a"), good.url("/undo"), good.url("/b")));
  json body = saga("two", good.url("/a"), good.url("/undo"), bad.url("/b"));
  body["retry"] = quick_retry(30);
  coordinator.run(body);
  const json seen = coordinator.get("/v1/destinations");
  INFO(seen.dump(1));
  CHECK(seen.at("destinations").size() == 2);
  const json& healthy = destination_of(seen, good.url("/a"));
  CHECK(healthy.at("total").at("calls") == 4);
  CHECK(healthy.at("total").at("succeeded") == 4);
  CHECK(healthy.at("total").at("errors") == 0);
  CHECK(healthy.at("recent").at("calls") == 4);
  CHECK(healthy.at("recent").at("latency_ms").at("p50").is_number());
  CHECK(healthy.at("breaker").at("state") == "closed");
  CHECK(healthy.at("last_error").is_null());
  const json& failing = destination_of(seen, bad.url("/b"));
  CHECK(failing.at("total").at("calls") == 30);
  CHECK(failing.at("total").at("unknown") == 30);
  CHECK(failing.at("total").at("errors") == 30);
  CHECK(failing.at("breaker").at("state") != "closed");
  CHECK(failing.at("breaker").at("failures_in_row") == 30);
  CHECK(failing.at("last_error").at("detail").get<std::string>().find("500") != std::string::npos);
  CHECK(failing.at("last_success_at").is_null());
}

TEST_CASE("the settings in force are shown, and which of them are no defaults", "[api][info]") {
  Coordinator coordinator;
  const json info = coordinator.get("/v1/info");
  const auto& settings = info.at("settings");
  const auto find = [&](const std::string& key) {
    const auto found = std::ranges::find_if(settings, [&](const json& setting) { return setting.at("key") == key; });
    REQUIRE(found != settings.end());
    return *found;
  };
  CHECK(find("limits.stream_clients") == json({{"key", "limits.stream_clients"}, {"value", "256"}, {"is_default", true}}));
  CHECK(find("store.location").at("is_default") == false);
}
