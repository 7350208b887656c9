#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <list>
#include <map>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/event_reader.hpp"

using namespace escrow::testing;

/// The event stream against the real coordinator.
namespace {

/// A coordinator with a configuration file of these lines.
struct Configured {
  explicit Configured(const std::string& yaml) {
    std::ofstream(directory.path() + "/escrow.yaml") << yaml;
    coordinator.emplace(std::vector<std::string>{"--config", directory.path() + "/escrow.yaml"});
  }
  TemporaryDirectory directory;
  std::optional<Coordinator> coordinator;
};

/// Starts an interactive transaction and aborts it: three events.
void start_and_abort(Coordinator& coordinator, const std::string& gid, const std::string& reason = "") {
  coordinator.post("/v1/transactions", {{"gid", gid}, {"mode", "saga"}, {"interactive", true}}, 201);
  coordinator.post("/v1/transactions/" + gid + "/abort", reason.empty() ? json(nullptr) : json{{"reason", reason}});
}

/// `gid type` of the next `count` events.
std::vector<std::string> read(EventReader& reader, std::size_t count) {
  std::vector<std::string> out;
  while (out.size() < count) {
    const auto message = reader.next_event();
    if (!message) break;
    const json event = json::parse(message->data);
    out.push_back(event.value("gid", "") + " " + message->event);
    if (message->event == "gap") continue;
    CHECK(event.at("type") == message->event);
    CHECK(std::to_string(event.at("seq").get<std::int64_t>()) == message->id);
  }
  return out;
}

std::vector<std::string> three(const std::string& gid) { return {gid + " started", gid + " abort_decided", gid + " aborted"}; }

double metric(Coordinator& coordinator, const std::string& name) {
  const std::string text = coordinator.request("GET", "/metrics").body;
  const std::size_t at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + name.size() + 2));
}

/// A message without data: after the time without an event.
void wait_a_heartbeat(EventReader& reader) {
  auto message = reader.next();
  for (int turn = 0; turn < 1'000 && message && !message->is_comment; ++turn) message = reader.next();
  REQUIRE(message);
}

}  // namespace

TEST_CASE("the stream tells what the histories tell, in the order of seq", "[api][stream]") {
  Coordinator coordinator;
  FakeParticipant service;
  service.on("/no", {409, ""});
  start_and_abort(coordinator, "before");
  EventReader reader(coordinator.port(), "/v1/events");
  REQUIRE(reader.status() == 200);
  CHECK(reader.head().find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(reader.head().find("Access-Control") == std::string::npos);
  const auto opening = reader.next();
  REQUIRE(opening);
  CHECK(opening->id == "3");

  std::map<std::string, json> told;
  std::size_t expected = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string gid = "t" + std::to_string(i);
    coordinator.run({{"gid", gid},
                     {"mode", "saga"},
                     {"branches",
                      {{{"id", "a"}, {"action", service.url("/a")}, {"compensate", service.url("/undo")}},
                       {{"id", "b"}, {"action", service.url(i % 2 == 0 ? "/b" : "/no")}}}}});
    told[gid] = json::array();
    expected += coordinator.get("/v1/transactions/" + gid + "/events").at("events").size();
  }
  std::int64_t last = 3;
  for (std::size_t i = 0; i < expected; ++i) {
    const auto message = reader.next_event();
    REQUIRE(message);
    json event = json::parse(message->data);
    CHECK(event.at("seq") == last + 1);
    last = event.at("seq");
    const std::string gid = event.at("gid");
    event.erase("gid");
    REQUIRE(told.contains(gid));
    told[gid].push_back(std::move(event));
  }
  for (const auto& [gid, events] : told) CHECK(coordinator.get("/v1/transactions/" + gid + "/events").at("events") == events);
}

TEST_CASE("a stream of one transaction begins at its first event and goes on live", "[api][stream]") {
  Coordinator coordinator;
  coordinator.post("/v1/transactions", {{"gid", "g"}, {"mode", "saga"}, {"interactive", true}}, 201);
  start_and_abort(coordinator, "other");
  EventReader reader(coordinator.port(), "/v1/events?gid=g");
  EventReader only(coordinator.port(), "/v1/events?gid=g&type=aborted&type=extended");
  CHECK(read(reader, 1) == std::vector<std::string>{"g started"});
  coordinator.post("/v1/transactions/g/extend", {{"timeout_ms", 60'000}});
  CHECK(read(reader, 1) == std::vector<std::string>{"g extended"});
  start_and_abort(coordinator, "another");
  coordinator.post("/v1/transactions/g/abort", nullptr);
  CHECK(read(reader, 2) == std::vector<std::string>{"g abort_decided", "g aborted"});
  CHECK(read(only, 2) == std::vector<std::string>{"g extended", "g aborted"});
  CHECK(coordinator.get("/v1/events?gid=none", 404).at("code") == "not_found");
}

TEST_CASE("readers of some types get only those", "[api][stream]") {
  Coordinator coordinator;
  EventReader some(coordinator.port(), "/v1/events?type=aborted");
  EventReader all(coordinator.port(), "/v1/events");
  for (const char* gid : {"a", "b", "c"}) start_and_abort(coordinator, gid);
  CHECK(read(some, 3) == std::vector<std::string>{"a aborted", "b aborted", "c aborted"});
  CHECK(read(all, 9).size() == 9);
}

TEST_CASE("a reader resumes where it was, over a crash of the coordinator", "[api][stream]") {
  Coordinator coordinator;
  EventReader first(coordinator.port(), "/v1/events");
  start_and_abort(coordinator, "a");
  start_and_abort(coordinator, "b");
  CHECK(read(first, 4) == std::vector<std::string>{"a started", "a abort_decided", "a aborted", "b started"});
  coordinator.crash();
  start_and_abort(coordinator, "c");
  EventReader resumed(coordinator.port(), "/v1/events", {{"Last-Event-ID", first.last_id()}});
  EventReader by_query(coordinator.port(), "/v1/events?after=" + first.last_id());
  EventReader header_wins(coordinator.port(), "/v1/events?after=1", {{"Last-Event-ID", first.last_id()}});
  start_and_abort(coordinator, "d");
  std::vector<std::string> expected{"b abort_decided", "b aborted"};
  for (const char* gid : {"c", "d"}) {
    for (const std::string& event : three(gid)) expected.push_back(event);
  }
  for (EventReader* reader : {&resumed, &by_query, &header_wins}) CHECK(read(*reader, expected.size()) == expected);
}

TEST_CASE("a reader that lost the connection before any event resumes at the beginning of its stream", "[api][stream]") {
  Coordinator coordinator;
  start_and_abort(coordinator, "before");
  EventReader first(coordinator.port(), "/v1/events");
  REQUIRE(first.next());
  first.close();
  start_and_abort(coordinator, "meanwhile");
  EventReader second(coordinator.port(), "/v1/events", {{"Last-Event-ID", first.last_id()}});
  CHECK(read(second, 3) == three("meanwhile"));
}

TEST_CASE("who asks for what retention has removed, or for another log, is told of the gap", "[api][stream]") {
  Configured configured("retention_ms: 1\nlimits:\n  stream_heartbeat_ms: 100\n");
  Coordinator& coordinator = *configured.coordinator;
  start_and_abort(coordinator, "old");
  coordinator.post("/v1/transactions", {{"gid", "open"}, {"mode", "saga"}, {"interactive", true}}, 201);
  {
    EventReader waiting(coordinator.port(), "/v1/events?type=extended");
    // Housekeeping comes by every ten seconds or so.
    for (int turn = 0; turn < 300; ++turn) {
      if (coordinator.request("GET", "/v1/transactions/old").status == 404) break;
      wait_a_heartbeat(waiting);
    }
  }
  REQUIRE(coordinator.request("GET", "/v1/transactions/old").status == 404);
  EventReader torn(coordinator.port(), "/v1/events", {{"Last-Event-ID", "1"}});
  const auto gap = torn.next_event();
  REQUIRE(gap);
  CHECK(gap->event == "gap");
  CHECK(json::parse(gap->data) == json({{"after", 1}, {"complete_from", 4}}));
  CHECK(read(torn, 1) == std::vector<std::string>{"open started"});

  EventReader whole(coordinator.port(), "/v1/events", {{"Last-Event-ID", "3"}});
  CHECK(read(whole, 1) == std::vector<std::string>{"open started"});
  EventReader ahead(coordinator.port(), "/v1/events?after=900");
  const auto other = ahead.next_event();
  REQUIRE(other);
  CHECK(json::parse(other->data) == json({{"after", 900}, {"complete_from", 5}}));
  start_and_abort(coordinator, "new");
  CHECK(read(ahead, 3) == three("new"));

  // Of a transaction that is there nothing is missing; of one that is gone everything is.
  EventReader there(coordinator.port(), "/v1/events?gid=open", {{"Last-Event-ID", "1"}});
  CHECK(read(there, 1) == std::vector<std::string>{"open started"});
  EventReader gone(coordinator.port(), "/v1/events?gid=old", {{"Last-Event-ID", "1"}});
  const auto lost = gone.next_event();
  REQUIRE(lost);
  CHECK(lost->event == "gap");
}

TEST_CASE("a reader that does not read is cut off, holds up nobody, and resumes without a loss", "[api][stream]") {
  Configured configured("limits:\n  stream_events: 20\n");
  Coordinator& coordinator = *configured.coordinator;
  EventReader slow(coordinator.port(), "/v1/events", {}, 4'096);
  EventReader quick(coordinator.port(), "/v1/events");
  REQUIRE(slow.status() == 200);
  constexpr int transactions = 500;
  const std::string reason(1'000, 'x');
  std::vector<std::string> expected;
  for (int i = 0; i < transactions; ++i) {
    const std::string gid = "t" + std::to_string(i);
    start_and_abort(coordinator, gid, reason);
    for (const std::string& event : three(gid)) expected.push_back(event);
    if (i % 20 != 19) continue;
    CHECK(read(quick, 60).back() == expected.back());
  }
  std::vector<std::string> got = read(slow, expected.size());
  CHECK(got.size() < expected.size());
  CHECK(slow.is_ended_in_order());
  CHECK(metric(coordinator, "escrow_stream_cut_off_total") == 1);
  EventReader resumed(coordinator.port(), "/v1/events", {{"Last-Event-ID", slow.last_id()}});
  for (const std::string& event : read(resumed, expected.size() - got.size())) got.push_back(event);
  CHECK(got == expected);
  start_and_abort(coordinator, "last");
  CHECK(read(resumed, 3) == three("last"));
}

TEST_CASE("many readers are served at once, and one more than the limit is told so", "[api][stream]") {
  Configured configured("limits:\n  stream_clients: 60\n");
  Coordinator& coordinator = *configured.coordinator;
  std::list<EventReader> readers;
  for (int i = 0; i < 60; ++i) readers.emplace_back(coordinator.port(), i % 2 == 0 ? "/v1/events" : "/v1/events?after=0");
  for (const EventReader& reader : readers) REQUIRE(reader.status() == 200);
  CHECK(metric(coordinator, "escrow_stream_clients") == 60);
  const HttpMessage refused = coordinator.request("GET", "/v1/events");
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After"));
  const json problem = json::parse(refused.body);
  CHECK(problem.at("code") == "overloaded");
  CHECK(problem.at("detail").get<std::string>().find("limits.stream_clients") != std::string::npos);
  for (int i = 0; i < 10; ++i) start_and_abort(coordinator, "t" + std::to_string(i));
  for (EventReader& reader : readers) CHECK(read(reader, 30).back() == "t9 aborted");

  // Who hangs up makes room, although nothing is being written.
  readers.front().close();
  int status = 503;
  for (int turn = 0; turn < 1'000 && status == 503; ++turn) status = EventReader(coordinator.port(), "/v1/events").status();
  CHECK(status == 200);
}

TEST_CASE("a quiet stream is kept open by comments that name its place", "[api][stream]") {
  Configured configured("limits:\n  stream_heartbeat_ms: 100\n");
  Coordinator& coordinator = *configured.coordinator;
  EventReader reader(coordinator.port(), "/v1/events?type=extended");
  const auto opening = reader.next();
  REQUIRE(opening);
  CHECK(opening->id == "0");
  start_and_abort(coordinator, "g");
  std::optional<StreamMessage> message;
  for (int turn = 0; turn < 100 && reader.last_id() != "3"; ++turn) {
    message = reader.next();
    REQUIRE(message);
    CHECK(message->is_comment);
    CHECK(message->data.empty());
  }
  CHECK(reader.last_id() == "3");
}

TEST_CASE("what is no request for a stream is refused", "[api][stream]") {
  Configured configured("limits:\n  stream_clients: 1\n");
  Coordinator& coordinator = *configured.coordinator;
  CHECK(coordinator.get("/v1/events?type=nonsense&typ=aborted&gid=%20&after=-1", 422).at("errors").size() == 4);
  CHECK(coordinator.request("GET", "/v1/events", "", {{"Last-Event-ID", "abc"}}).status == 400);
  CHECK(coordinator.request("POST", "/v1/events").status == 405);
  CHECK(coordinator.request("GET", "/v1/events", "", {{"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "cross-site"}}).status == 403);
  // The header of a stream takes no place, however often it is asked for.
  for (int i = 0; i < 5; ++i) {
    const HttpMessage head = coordinator.request("HEAD", "/v1/events");
    CHECK(head.status == 200);
    CHECK(head.header("Content-Type") == "text/event-stream");
  }
  CHECK(metric(coordinator, "escrow_stream_clients") == 0);
}

TEST_CASE("a coordinator that is told to stop ends its streams in order", "[api][stream][process]") {
  Coordinator coordinator;
  EventReader reader(coordinator.port(), "/v1/events");
  EventReader watching(coordinator.port(), "/v1/events?after=0");
  start_and_abort(coordinator, "g");
  CHECK(read(reader, 3) == three("g"));
  CHECK(coordinator.process().stop() == 0);
  CHECK_FALSE(reader.next());
  CHECK(reader.is_ended_in_order());
  CHECK(read(watching, 4) == three("g"));
  CHECK(watching.is_ended_in_order());
}

TEST_CASE("who catches up through what it does not want is told how far it has come, and holds up nobody", "[api][stream]") {
  Configured configured("limits:\n  stream_heartbeat_ms: 100\n");
  Coordinator& coordinator = *configured.coordinator;
  constexpr int transactions = 40;
  json branches = json::array();
  for (int i = 0; i < 1'000; ++i) {
    branches.push_back({{"id", "b" + std::to_string(i)}, {"compensate", "http://127.0.0.1:1/c"}});
  }
  for (int i = 0; i < transactions; ++i) {
    const std::string path = "/v1/transactions/t" + std::to_string(i);
    coordinator.post("/v1/transactions", {{"gid", "t" + std::to_string(i)}, {"mode", "saga"}, {"interactive", true}}, 201);
    coordinator.post(path + "/branches", branches, 201);
  }
  constexpr std::int64_t last = transactions * 1'001;
  EventReader picky(coordinator.port(), "/v1/events?type=extended&after=0");
  REQUIRE(picky.next());
  EventReader one(coordinator.port(), "/v1/events?gid=t0&type=started");
  const auto started = one.next_event();
  REQUIRE(started);
  CHECK(started->event == "started");
  const auto told = picky.next();
  REQUIRE(told);
  CHECK(told->is_comment);
  CHECK(std::stoll(told->id) < last);
}
