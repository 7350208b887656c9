#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/proxy/lane.hpp"
#include "tests/support/escrowd_process.hpp"

/// The proxy as a whole: what passes untouched, whole links, the control port.
namespace {

using namespace escrow::testing;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("without rules bytes pass as they came, on kept connections", "[fault-proxy]") {
  Lane lane("");
  RawSocket client = lane.connect();
  for (int i = 1; i <= 3; ++i) {
    client.send(request("try", i));
    CHECK(read_up_to(client, answer.size()).bytes == answer);
  }
  CHECK(lane.received() == std::vector<std::string>{request("try", 1), request("try", 2), request("try", 3)});
  CHECK(lane.connections() == 1);
}

TEST_CASE("pipelined requests are passed on one after another", "[fault-proxy]") {
  Lane lane("");
  RawSocket client = lane.connect();
  client.send(request("try", 1) + request("try", 2));
  CHECK(read_up_to(client, 2 * answer.size()).bytes == answer + answer);
  CHECK(lane.wait_for(2));
}

TEST_CASE("what is no HTTP passes byte by byte", "[fault-proxy]") {
  RawServer server([](RawSocket& connection, int) {
    const std::string heard = connection.receive_until("!");
    connection.send("heard " + heard);
  });
  TemporaryDirectory directory;
  ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]");
  for (const std::string text :
       {"\x16\x03\x01 hello!", "BREW /pot\r\n\r\nno HTTP!", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab!"}) {
    RawSocket client = RawSocket::connect(proxy.port("x"));
    client.send(text);
    CHECK(client.receive_all() == "heard " + text);
  }
}

TEST_CASE("half a request passes as half a request", "[fault-proxy]") {
  RawServer server([](RawSocket& connection, int) {
    const std::string heard = connection.receive_all();
    connection.send("heard " + heard);
  });
  TemporaryDirectory directory;
  ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]");
  for (const std::size_t bytes : {std::size_t{10}, request().size() - 2}) {
    RawSocket client = RawSocket::connect(proxy.port("x"));
    client.send(request().substr(0, bytes));
    client.close_write();
    CHECK(client.receive_all() == "heard " + request().substr(0, bytes));
  }
}

TEST_CASE("malformed answers pass byte by byte and end as they end", "[fault-proxy]") {
  for (const std::string text :
       {"HTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    INFO(text);
    RawServer server(RawServer::answer_once(text));
    TemporaryDirectory directory;
    ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]");
    RawSocket client = RawSocket::connect(proxy.port("x"));
    client.send(request());
    const Seen seen = read_to_end(client);
    CHECK(seen.bytes == text);
    CHECK(seen.was_closed);
  }
}

TEST_CASE("an answer without end passes as it comes", "[fault-proxy]") {
  RawServer server([](RawSocket& connection, int) {
    (void)connection.receive_message();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\n\n");
    (void)connection.receive_until("never");
  });
  TemporaryDirectory directory;
  ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]");
  RawSocket client = RawSocket::connect(proxy.port("x"));
  client.send("GET /v1/events HTTP/1.1\r\n\r\n");
  CHECK(client.receive_until("id: 1\n\n").ends_with("id: 1\n\n"));
}

TEST_CASE("a link refuses until the rule is gone, and what was connected is reset", "[fault-proxy]") {
  Lane lane("");
  RawSocket before = lane.connect();
  before.send(request());
  CHECK(read_up_to(before, answer.size()).bytes == answer);
  lane.proxy().add_rules("rules: [{name: down, match: {link: pay}, do: {refuse: true}}]");
  CHECK(read_to_end(before).was_reset);
  CHECK_THROWS(lane.connect());
  lane.proxy().command("DELETE", "/rules/down");
  CHECK(asked(lane).bytes == answer);
}

TEST_CASE("a link that swallows lets nobody connect and says nothing", "[fault-proxy]") {
  Lane lane("{match: {link: pay}, do: {swallow: true}}");
  // Connecting goes on without an answer: not even a refusal.
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  RawSocket knocking(descriptor);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(lane.proxy().port("pay"));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // The proxy fills its queue itself, but only after it has said that it is ready.
  std::vector<RawSocket> more;
  for (int i = 0; i < 3; ++i) {
    more.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(more.back().descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  (void)::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  CHECK_FALSE(knocking.hears_within(300));
  int fault = 0;
  socklen_t size = sizeof fault;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &fault, &size);
  CHECK(fault == 0);
  sockaddr_in peer{};
  socklen_t peer_size = sizeof peer;
  CHECK(::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0);
  lane.proxy().heal();
  CHECK(asked(lane).bytes == answer);
}

TEST_CASE("links stop one after another, go on in another order, and nothing is lost", "[fault-proxy]") {
  RawServer server(RawServer::answer_each(answer));
  TemporaryDirectory directory;
  const std::string to = "\"127.0.0.1:" + std::to_string(server.port()) + "\"";
  ProxyProcess proxy(FAULT_PROXY, directory.path(),
                     "seed: 3\nlinks: [{name: a, to: " + to + "}, {name: b, to: " + to + "}, {name: c, to: " + to +
                         "}]\nswizzle: {every_ms: 20, hold_ms: 100, rounds: 2}");
  std::vector<RawSocket> clients;
  for (const std::string link : {"a", "b", "c"}) {
    clients.push_back(RawSocket::connect(proxy.port(link)));
    clients.back().send(request());
  }
  for (RawSocket& client : clients) CHECK(client.receive_message() == answer);
  CHECK(proxy.wait_for({{"event", "link"}, {"note", "c goes on"}}));
  std::vector<std::string> stops;
  const auto all_went_on = [&] {
    stops.clear();
    for (const json& entry : proxy.history()) {
      if (entry["event"] == "link") stops.push_back(entry["note"]);
    }
    return stops.size() == 12;
  };
  bool done = false;
  for (const auto deadline = Clock::now() + std::chrono::seconds(10); !done && Clock::now() < deadline;) done = all_went_on();
  CHECK(done);
  for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(stops.at(i), Catch::EndsWith("stops"));
  for (std::size_t i = 3; i < 6; ++i) CHECK_THAT(stops.at(i), Catch::EndsWith("goes on"));
}

TEST_CASE("an address that dies takes kept connections with it", "[fault-proxy]") {
  auto server = std::make_unique<RawServer>(RawServer::answer_each(answer));
  TemporaryDirectory directory;
  ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server->port()) + "\"}]");
  RawSocket client = RawSocket::connect(proxy.port("x"));
  client.send(request());
  CHECK(client.receive_message() == answer);
  server.reset();
  CHECK(client.wait_for_close());
  RawSocket second = RawSocket::connect(proxy.port("x"));
  second.send(request());
  CHECK(read_to_end(second).was_reset);
  CHECK(proxy.wait_for({{"event", "ended"}, {"note", "nobody is there"}}));
  RawServer other(RawServer::answer_each(answer));
  proxy.command("PUT", "/links/x", "{\"to\": \"127.0.0.1:" + std::to_string(other.port()) + "\"}");
  RawSocket third = RawSocket::connect(proxy.port("x"));
  third.send(request());
  CHECK(third.receive_message() == answer);
}

TEST_CASE("the wire history names what every request was about and what became of it", "[fault-proxy]") {
  Lane lane("{name: late, match: {attempt: 2}, do: {delay: 1}}");
  (void)asked(lane);
  (void)asked(lane, request("try", 2));
  std::vector<std::string> events;
  for (const json& entry : lane.proxy().history()) {
    if (!entry.contains("exchange")) continue;
    events.push_back(entry["event"].get<std::string>() + " " + std::to_string(entry["exchange"].get<int>()));
    CHECK(entry["gid"] == "g");
    CHECK(entry["operation"] == "try");
    if (entry["event"] == "request") CHECK(entry.value("note", "") == (entry["attempt"] == 2 ? "late" : ""));
    if (entry["event"] == "ended") CHECK(entry["note"] == "answered");
  }
  CHECK(events ==
        std::vector<std::string>{"request 1", "forwarded 1", "response 1", "ended 1", "request 2", "forwarded 2", "response 2", "ended 2"});
  const json rules = json::parse(lane.proxy().control("GET", "/rules").body);
  CHECK(rules["rules"][0]["matched"] == 1);
  CHECK(rules["rules"][0]["struck"] == 1);
}

TEST_CASE("the control port refuses what it does not understand and changes nothing", "[fault-proxy]") {
  Lane lane("{name: a, do: {delay: 1}}");
  const auto status = [&](const char* method, const char* target, const char* text = "") {
    return lane.proxy().control(method, target, text).status;
  };
  CHECK(status("GET", "/nothing") == 404);
  CHECK(status("POST", "/rules", "rules: [{do: {}}]") == 422);
  CHECK(status("PATCH", "/rules", "x") == 405);
  CHECK(status("DELETE", "/rules/b") == 404);
  CHECK(status("PUT", "/links/b", "{}") == 404);
  CHECK(status("PUT", "/links/pay", "{\"to\": \"8.8.8.8:80\"}") == 422);
  CHECK(status("GET", "/healthz") == 200);
  CHECK(json::parse(lane.proxy().control("GET", "/rules").body)["rules"].size() == 1);
  CHECK(status("PUT", "/rules", "rules: []") == 204);
  CHECK(json::parse(lane.proxy().control("GET", "/rules").body)["rules"].empty());
}

TEST_CASE("past its limit of connections the proxy waits until one has ended", "[fault-proxy]") {
  RawServer server(RawServer::answer_each(answer));
  TemporaryDirectory directory;
  ProxyProcess proxy(FAULT_PROXY, directory.path(), "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]",
                     {"--connections", "3"});
  // One place is taken by the connection that the link waits for.
  std::vector<RawSocket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(RawSocket::connect(proxy.port("x")));
    clients.back().send(request());
    CHECK(clients.back().receive_message() == answer);
  }
  RawSocket waiting = RawSocket::connect(proxy.port("x"));
  waiting.send(request());
  CHECK_FALSE(waiting.hears_within(100));
  clients.pop_back();
  CHECK(waiting.receive_message() == answer);
}

TEST_CASE("rules and flags that cannot be used end the proxy with 2 and name the fault", "[fault-proxy]") {
  TemporaryDirectory directory;
  const auto run = [&](const std::string& rules, const std::vector<std::string>& more) {
    const std::string path = directory.path() + "/r.yaml";
    std::ofstream(path) << rules;
    std::vector<std::string> command{FAULT_PROXY, path};
    command.insert(command.end(), more.begin(), more.end());
    return run_to_end(command, directory.path());
  };
  const auto wrong = run("rules: [{do: {dely: 1}}]", {});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.errors, Catch::Contains("r.yaml: line 1: rules[0].do.dely: there is no such member"));
  CHECK(run("links: []", {}).status == 2);
  CHECK(run("links: [{name: a, to: \"93.184.216.34:80\"}]", {}).status == 2);
  CHECK(run("links: [{name: a, to: \"127.0.0.1:1\"}]", {"--control", "0.0.0.0:0"}).status == 2);
  CHECK(run("links: [{name: a, to: \"127.0.0.1:1\"}]", {"--check"}).status == 0);
  CHECK(run("", {"--no-such-flag"}).status == 2);
  const auto help = run("", {"--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.output, Catch::Contains("--record"));
}

TEST_CASE("SIGTERM ends the proxy with 0 whatever is held", "[fault-proxy]") {
  Lane lane(rule("lose_request: true"));
  RawSocket client = lane.connect();
  client.send(request());
  CHECK(lane.proxy().wait_for({{"event", "ended"}}));
  CHECK(lane.proxy().stop() == 0);
}
